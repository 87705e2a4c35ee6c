using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Copies disks, one after the other, and compares each copy with what it is one of. A copy bears the disk's UUID and the run's, so that an
/// attempt that was broken off finds it again and writes it anew; one that has been compared is noted, and not made again.
/// </summary>
internal static class DiskCopyActs
{
    private const string Copied = "copied:";

    // Of what takes hours, people want to see that it goes on.
    private const int Parts = 10;

    public static Task<StepOutcome> CopyAsync(StepScope scope, CopyDisks step) => RecoverActs.GuardAsync(scope, [step.Vm], async () =>
    {
        var sr = await StorageActs.FindSrAsync(scope, step.Sr);
        foreach (var disk in step.Disks.Where(d => scope.Fact(Copied + d.Uuid) is null))
        {
            await CopyAsync(scope, step, sr, disk);
        }
    });

    /// <summary>Removes the copies that no VM has come to have since.</summary>
    public static async Task UndoAsync(StepScope scope, CopyDisks step)
    {
        foreach (var disk in step.Disks)
        {
            if (await FindAsync(scope, disk) is not var (copy, record))
            {
                continue;
            }

            if (record.Vbds.IsEmpty)
            {
                await scope.Target.RunTaskAsync("VDI.destroy", [copy], cancellationToken: scope.Token);
            }
            else
            {
                scope.Log($"The copy of {disk.Describe()} ({record.Uuid}) stays: a VM has it.");
            }
        }
    }

    /// <summary>For the disks of some VMs that were copied, by their UUIDs: the copies'.</summary>
    public static ImmutableSortedDictionary<string, string> Map(StepScope scope, IReadOnlyCollection<PlanObject> vms)
    {
        var disks = scope.State.Plan.Steps.OfType<CopyDisks>().Where(c => vms.Contains(c.Vm)).SelectMany(c => c.Disks).Select(d => d.Uuid)
            .ToHashSet();
        return scope.Facts(Copied).Where(c => disks.Contains(c.Name)).DistinctBy(c => c.Name)
            .ToImmutableSortedDictionary(c => c.Name, c => c.Value, StringComparer.Ordinal);
    }

    private static async Task CopyAsync(StepScope scope, CopyDisks step, Ref<SrRecord> sr, PlanObject disk)
    {
        var begun = scope.Time.GetTimestamp();
        var from = await scope.FindAsync<VdiRecord>(scope.Target, disk.Uuid);
        if (from.IsNull)
        {
            throw new StepFailedException($"{disk.Describe()} is not there any more. Attach its storage, and have the run go on.");
        }

        var record = await scope.GetAsync(scope.Target, from);
        var copy = await FindAsync(scope, disk) is var (made, _)
            ? made
            : await scope.Target.Vdi.CreateAsync(Like(scope, record, sr), scope.Token);
        await IdleAsync(scope, from, copy);
        await RunAsync(scope, $"Copying {disk.Describe()}", "VDI.copy", from, default(Ref<SrRecord>), default(Ref<VdiRecord>), copy);
        await RunAsync(scope, $"Comparing {disk.Describe()} with its copy", "VDI.compare", from, copy);
        scope.Note(Copied + disk.Uuid, (await scope.GetAsync(scope.Target, copy)).Uuid);
        scope.Log(string.Create(
            CultureInfo.InvariantCulture,
            $"{disk.Describe()} ({Moments.Bytes(record.VirtualSize)}) was copied to {step.Sr.Describe()} in "
                + $"{Moments.Write(scope.Time.GetElapsedTime(begun))}, and reads the same there."));
    }

    private static VdiRecord Like(StepScope scope, VdiRecord disk, Ref<SrRecord> sr) => new()
    {
        NameLabel = disk.NameLabel,
        NameDescription = disk.NameDescription,
        Sr = sr,
        VirtualSize = disk.VirtualSize,
        Type = VdiType.User,
        Sharable = disk.Sharable,
        OtherConfig = new VdiRecord().OtherConfig.SetItem(Marks.CopyOf, disk.Uuid).SetItem(Marks.Run, scope.State.Uuid),
    };

    private static async Task<(Ref<VdiRecord> Copy, VdiRecord Record)?> FindAsync(StepScope scope, PlanObject disk)
    {
        foreach (var (reference, record) in await scope.Target.GetAllRecordsAsync<VdiRecord>(scope.Token))
        {
            if (record.OtherConfig.GetValueOrDefault(Marks.CopyOf) == disk.Uuid
                && record.OtherConfig.GetValueOrDefault(Marks.Run) == scope.State.Uuid)
            {
                return (reference, record);
            }
        }

        return null;
    }

    // What an engine that died had begun, a server that did not brings to its end.
    private static async Task IdleAsync(StepScope scope, params Ref<VdiRecord>[] disks)
    {
        foreach (var disk in disks)
        {
            while (!(await scope.GetAsync(scope.Target, disk)).CurrentOperations.IsEmpty)
            {
                await scope.WaitAsync();
            }
        }
    }

    private static async Task RunAsync(StepScope scope, string doing, string message, params object?[] arguments)
    {
        var task = await StepTask.StartAsync(scope, scope.Target, message, arguments);
        for (var told = 0; ;)
        {
            if (await task.EndAsync() is { } end)
            {
                end.ThrowIfFailed();
                return;
            }

            if ((int)(task.Progress * Parts) is var part && part > told)
            {
                told = part;
                scope.Log($"{doing}: {part * (100 / Parts)} %");
            }

            try
            {
                await scope.WaitAsync();
            }
            catch (OperationCanceledException)
            {
                await task.CancelAsync();
                throw;
            }
        }
    }
}
