using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Attaches storage, protects it, and lets it go.</summary>
internal static class StorageActs
{
    /// <summary>Under this a DR task is noted that is empty, or holds what nobody needs, when the run is over.</summary>
    private const string DrTask = "dr-task:";
    private const string Before = "before";
    private const string Absent = "absent";

    public static async Task<StepOutcome> AttachAsync(StepScope scope, AttachStorage step)
    {
        var there = await scope.FindAsync<SrRecord>(scope.Target, step.Sr.Uuid);
        scope.Note(Before, there.IsNull ? Absent : "present");
        if (!there.IsNull)
        {
            // Either it was there all the time, or an earlier attempt came that far and this run has to let it go.
            if (scope.Fact(Before) == Absent)
            {
                await NoteTaskAsync(scope, there);
            }

            return new StepOutcome.Done();
        }

        var task = await scope.Target.DrTask.CreateAsync(step.Type, DeviceConfig(scope, step), [step.Sr.Uuid], scope.Token);
        scope.Note(DrTask + task.Opaque, step.Sr.Uuid);
        return new StepOutcome.Done();
    }

    public static async Task UndoAttachAsync(StepScope scope, AttachStorage step)
    {
        if (scope.Fact(Before) != Absent)
        {
            return;
        }

        var sr = await scope.FindAsync<SrRecord>(scope.Target, step.Sr.Uuid);
        if (!sr.IsNull)
        {
            await NoteTaskAsync(scope, sr);
        }

        foreach (var (task, _) in scope.Facts(DrTask).Where(f => f.Value == step.Sr.Uuid).ToList())
        {
            await DestroyTaskAsync(scope, new(task));
        }

        // It became permanent when a VM was recovered from it; with the VMs gone it is let go.
        if (!(sr = await scope.FindAsync<SrRecord>(scope.Target, step.Sr.Uuid)).IsNull)
        {
            await ForgetAsync(scope, sr, step.Sr);
        }
    }

    public static async Task<StepOutcome> ProtectAsync(StepScope scope, Protect step)
    {
        var sr = await FindSrAsync(scope, step.Sr);
        scope.Note(Before, await IsProtectedAsync(scope, sr) ? "protected" : "unprotected");
        await scope.Target.Sr.EnableDatabaseReplicationAsync(sr, scope.Token);
        return new StepOutcome.Done();
    }

    public static async Task UndoProtectAsync(StepScope scope, Protect step)
    {
        var sr = await scope.FindAsync<SrRecord>(scope.Target, step.Sr.Uuid);
        if (!sr.IsNull && scope.Fact(Before) == "unprotected" && await IsProtectedAsync(scope, sr))
        {
            await scope.Target.Sr.DisableDatabaseReplicationAsync(sr, scope.Token);
        }
    }

    /// <summary>
    /// Lets go of SRs that a recovery, now taken back, had made permanent: those that a DR task held before this step. An SR that the run
    /// itself attached is left to the undo of that step.
    /// </summary>
    public static async Task LetGoOfPermanentAsync(StepScope scope)
    {
        var attached = scope.State.Plan.Steps.OfType<AttachStorage>().Select(a => a.Sr.Uuid).ToHashSet();
        foreach (var (task, uuid) in scope.OwnFacts(DrTask).Where(f => !attached.Contains(f.Value)).ToList())
        {
            if (await scope.FindAsync<SrRecord>(scope.Target, uuid) is { IsNull: false } sr
                && await scope.GetAsync(scope.Target, sr) is { IntroducedBy.IsNull: true } record
                && await ForgetAsync(scope, sr, new(ObjectKind.Sr, uuid, record.NameLabel)))
            {
                await DestroyTaskAsync(scope, new(task));
            }
        }
    }

    /// <summary>Notes the DR task that holds an SR, before a recovery from it makes the SR permanent and leaves the task empty.</summary>
    public static async Task NoteTaskAsync(StepScope scope, Ref<SrRecord> sr)
    {
        var record = await scope.GetAsync(scope.Target, sr);
        if (!record.IntroducedBy.IsNull)
        {
            scope.Note(DrTask + record.IntroducedBy.Opaque, record.Uuid);
        }
    }

    /// <summary>The end of a real recovery: what was attached for it and is not needed is let go.</summary>
    public static async Task<StepOutcome> LetGoAsync(StepScope scope, CleanUp step)
    {
        foreach (var sr in step.Srs)
        {
            if (await scope.FindAsync<SrRecord>(scope.Target, sr.Uuid) is { IsNull: false } there)
            {
                await NoteTaskAsync(scope, there);
            }
        }

        await LetGoAsync(scope);
        return new StepOutcome.Done();
    }

    /// <summary>Destroys the DR tasks that were noted; what was recovered from is theirs no more.</summary>
    public static async Task LetGoAsync(StepScope scope)
    {
        foreach (var task in scope.Facts(DrTask).Select(f => f.Name).Distinct().ToList())
        {
            await DestroyTaskAsync(scope, new(task));
        }
    }

    /// <summary>The SRs that this run may let go: those it attaches, and those it recovers from.</summary>
    public static HashSet<string> Mine(StepScope scope) => scope.State.Plan.Steps.SelectMany(s => s switch
    {
        AttachStorage attach => [attach.Sr],
        CleanUp cleanUp => cleanUp.Srs,
        _ => ImmutableArray<PlanObject>.Empty,
    }).Select(s => s.Uuid).ToHashSet();

    public static async Task<Ref<SrRecord>> FindSrAsync(StepScope scope, PlanObject sr) =>
        await scope.FindAsync<SrRecord>(scope.Target, sr.Uuid) is { IsNull: false } found
            ? found
            : throw new StepFailedException(
                $"The target pool does not know {sr.Describe()} ({sr.Uuid}). Attach it, and have the run go on.");

    private static async Task<bool> IsProtectedAsync(StepScope scope, Ref<SrRecord> sr)
    {
        var own = (await scope.Target.Pool.GetAllAsync(scope.Token))[0];
        foreach (var vdi in (await scope.GetAsync(scope.Target, sr)).Vdis)
        {
            if (await scope.GetAsync(scope.Target, vdi) is { Type: VdiType.Metadata } volume && volume.MetadataOfPool == own)
            {
                return true;
            }
        }

        return false;
    }

    // The plan has the device configuration with its secrets masked; the request has them.
    private static ImmutableSortedDictionary<string, string> DeviceConfig(StepScope scope, AttachStorage step)
    {
        if (!step.DeviceConfig.ContainsValue(DeviceConfigs.Masked))
        {
            return step.DeviceConfig;
        }

        return scope.State.Request.Probes.FirstOrDefault(
            p => p.Type == step.Type && DeviceConfigs.Mask(p.DeviceConfig).SequenceEqual(step.DeviceConfig))?.DeviceConfig
            ?? throw new StepFailedException(
                $"The plan does not have the passwords of {step.Sr.Describe()}, nor has the request. Attach it by hand (drtask-create), "
                    + "and have the run go on.");
    }

    private static async Task DestroyTaskAsync(StepScope scope, Ref<DrTaskRecord> task)
    {
        try
        {
            // A task may hold more than this run has to do with; destroying it would take that from whoever attached it.
            var mine = Mine(scope);
            foreach (var sr in (await scope.GetAsync(scope.Target, task)).IntroducedSrs)
            {
                if (await scope.GetAsync(scope.Target, sr) is var held && !mine.Contains(held.Uuid))
                {
                    scope.Log(
                        $"A DR task stays: it also holds SR {held.NameLabel} ({held.Uuid}), which is not of this run. "
                            + "drtask-destroy lets it go.");
                    return;
                }
            }

            await scope.Target.DrTask.DestroyAsync(task, scope.Token);
        }
        catch (XenApiException gone) when (gone.Code == "HANDLE_INVALID")
        {
            // An earlier attempt came that far.
        }
    }

    private static async Task<bool> ForgetAsync(StepScope scope, Ref<SrRecord> sr, PlanObject name)
    {
        var record = await scope.GetAsync(scope.Target, sr);
        foreach (var vdi in record.Vdis)
        {
            if ((await scope.GetAsync(scope.Target, vdi)).Vbds.Count > 0)
            {
                scope.Log($"{name.Describe()} stays attached: a VM here has a disk of it.");
                return false;
            }
        }

        foreach (var pbd in record.Pbds)
        {
            await scope.Target.Pbd.UnplugAsync(pbd, scope.Token);
            await scope.Target.Pbd.DestroyAsync(pbd, scope.Token);
        }

        await scope.Target.Sr.ForgetAsync(sr, scope.Token);
        return true;
    }
}
