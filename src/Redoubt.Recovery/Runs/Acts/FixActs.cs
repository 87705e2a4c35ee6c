using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Applies the automatic fixes of findings, and takes them back.</summary>
internal static class FixActs
{
    private const string Changed = "changed:";

    public static async Task<StepOutcome> DoAsync(StepScope scope, ApplyFix step)
    {
        switch (step.Fix)
        {
            case FixKind.PlugPbd:
                foreach (var pbd in (await scope.GetAsync(scope.Target, await StorageActs.FindSrAsync(scope, step.Object))).Pbds)
                {
                    if (!(await scope.GetAsync(scope.Target, pbd)).CurrentlyAttached)
                    {
                        scope.Note(Changed + pbd.Opaque, "plugged");
                        await scope.Target.Pbd.PlugAsync(pbd, scope.Token);
                    }
                }

                break;
            case FixKind.ShutDownHere:
                if (await scope.FindAsync<VmRecord>(scope.Target, step.Object.Uuid) is { IsNull: false } vm
                    && await GuestPower.StateAsync(scope, scope.Target, vm) is var state && state != VmPowerState.Halted)
                {
                    if (state == VmPowerState.Suspended)
                    {
                        throw new StepFailedException(
                            $"{step.Object.Describe()} is suspended in the target pool; shutting it down would throw its state away. Do "
                                + "that by hand if you mean it.");
                    }

                    scope.Note(Changed + vm.Opaque, "shut down");
                    await GuestPower.StopAsync(scope, scope.Target, vm, step.Object.Name);
                }

                break;
            case FixKind.CreateNetwork:
                if (!(await scope.Target.GetAllRecordsAsync<NetworkRecord>(scope.Token)).Values.Any(n => n.NameLabel == step.Object.Name))
                {
                    scope.Note(Changed + step.Object.Name, "made");
                    await scope.Target.Network.CreateAsync(Network(scope, step.Object.Name), scope.Token);
                }

                break;
            case FixKind.DisableHa:
                await DisableHaAsync(scope);
                break;
        }

        return new StepOutcome.Done();
    }

    public static async Task UndoAsync(StepScope scope, ApplyFix step)
    {
        foreach (var (what, _) in scope.OwnFacts(Changed).ToList())
        {
            switch (step.Fix)
            {
                case FixKind.PlugPbd when await IsPluggedAsync(scope, new(what)):
                    await scope.Target.Pbd.UnplugAsync(new Ref<PbdRecord>(what), scope.Token);
                    break;
                case FixKind.ShutDownHere:
                    await StartAgainAsync(scope, step.Object, new(what));
                    break;
                case FixKind.CreateNetwork:
                    await DestroyNetworksAsync(scope, what);
                    break;
            }
        }

        if (step.Fix == FixKind.DisableHa && scope.OwnFacts(Changed).Select(f => f.Name).ToList() is { Count: > 0 } srs
            && !(await scope.Target.GetAllRecordsAsync<PoolRecord>(scope.Token)).Values.Single().HaEnabled)
        {
            await scope.Target.Pool.EnableHaAsync(
                [.. srs.Select(s => new Ref<SrRecord>(s))], ImmutableSortedDictionary<string, string>.Empty, scope.Token);
        }
    }

    // What was undone before this may have let the SR go, and its PBD with it.
    private static async Task<bool> IsPluggedAsync(StepScope scope, Ref<PbdRecord> pbd) =>
        (await scope.Target.GetAllRecordsAsync<PbdRecord>(scope.Token)).TryGetValue(pbd, out var record) && record.CurrentlyAttached;

    // The source may have been told to run again before this, and then the VM must stay off here.
    private static async Task StartAgainAsync(StepScope scope, PlanObject vm, Ref<VmRecord> shutDown)
    {
        // What was recovered in its place has its UUID, but is another one.
        if (await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid) != shutDown)
        {
            scope.Log($"{vm.Describe()}, which this run shut down, is not there any more and is not started.");
            return;
        }

        if (await GuestPower.StateAsync(scope, scope.Target, shutDown) != VmPowerState.Halted)
        {
            return;
        }

        if (await SourceAsk.WhyAliveAsync(scope, vm, await SourceAsk.RisenAsync(scope, [vm])) is { } alive)
        {
            scope.Log($"{vm.Describe()} ran in the target pool before this run, and stays off: it would run twice, for {alive}.");
            return;
        }

        await scope.Target.Vm.StartAsync(shutDown, false, false, scope.Token);
    }

    private static async Task DisableHaAsync(StepScope scope)
    {
        var pool = (await scope.Target.GetAllRecordsAsync<PoolRecord>(scope.Token)).Values.Single();
        if (!pool.HaEnabled)
        {
            return;
        }

        foreach (var statefile in pool.HaStatefiles)
        {
            var vdi = await scope.GetAsync<VdiRecord>(scope.Target, new(statefile));
            scope.Note(Changed + vdi.Sr.Opaque, "heartbeat");
        }

        await scope.Target.Pool.DisableHaAsync(scope.Token);
    }

    /// <summary>A network that this run makes and finds again by its mark.</summary>
    public static NetworkRecord Network(StepScope scope, string name) => new()
    {
        NameLabel = name,
        NameDescription = "Made for a recovery; it connects VMs with each other only.",
        OtherConfig = ImmutableSortedDictionary<string, string>.Empty.Add(Marks.Run, scope.State.Uuid),
    };

    /// <summary>Removes the networks of a name that this run made, unless something is connected to them.</summary>
    public static async Task DestroyNetworksAsync(StepScope scope, string name)
    {
        foreach (var (network, record) in (await scope.Target.GetAllRecordsAsync<NetworkRecord>(scope.Token))
            .Where(n => n.Value.NameLabel == name && n.Value.OtherConfig.GetValueOrDefault(Marks.Run) == scope.State.Uuid))
        {
            if (record.Vifs.Count > 0)
            {
                scope.Log($"The network {name} stays: interfaces are connected to it.");
            }
            else
            {
                await scope.Target.Network.DestroyAsync(network, scope.Token);
            }
        }
    }
}
