using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Recovers with XenAPI's own messages, on a server that has none of ours. Around the call stands what ours do by themselves, for a genuine
/// xapi has these ways:
/// <list type="number">
/// <item>It takes no map. A network that it finds neither by name nor by bridge it makes, leading nowhere, or refuses for its bridge's
/// name.
/// So a stand-in of that name is there before, the interfaces are moved from it to where the map leads, and it goes.</item>
/// <item>Forced, it leaves a copy that is not halted as it is, and says that all went well.</item>
/// <item>A VM that ran when its pool was lost is recovered halted with its drives marked as attached, and could not be replaced
/// again.</item>
/// </list>
/// </summary>
internal static class PlainRecovery
{
    private const string StandIn = "stand-in:";

    /// <param name="scope">The step.</param>
    /// <param name="foreign">The session on the database that is recovered from.</param>
    /// <param name="vms">What the call recovers.</param>
    /// <param name="recover">The call.</param>
    public static async Task DoAsync(StepScope scope, XenApiClient foreign, ImmutableArray<PlanObject> vms, Func<Task> recover)
    {
        var before = new Dictionary<string, Ref<VmRecord>>();
        foreach (var vm in vms)
        {
            before[vm.Uuid] = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            if (!before[vm.Uuid].IsNull)
            {
                await DetachAsync(scope, before[vm.Uuid], await scope.GetAsync(scope.Target, before[vm.Uuid]));
            }
        }

        await MakeStandInsAsync(scope, foreign, vms);
        try
        {
            await recover();
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            await RemoveStandInsAsync(scope);
            throw;
        }

        foreach (var vm in vms)
        {
            var here = await scope.FindAsync<VmRecord>(scope.Target, vm.Uuid);
            if (here.IsNull || here == before[vm.Uuid])
            {
                throw new StepFailedException(here.IsNull
                    ? $"The server says that it has recovered {vm.Describe()}, and does not have it. Look into its log, "
                        + "and have the run go on."
                    : $"The server says that it has recovered {vm.Describe()}, but left its own copy as it is: that copy is not halted. "
                        + "Shut it down, and have the run go on.");
            }

            await NetworkActs.ConnectAsync(scope, foreign, vm, NetworkActs.Map(scope));
        }

        await RemoveStandInsAsync(scope);
    }

    /// <summary>
    /// Takes drives for what they are on a VM that is off: a server that marks them as attached could not replace or remove them.
    /// </summary>
    public static async Task DetachAsync(StepScope scope, Ref<VmRecord> vm, VmRecord record)
    {
        if (record.PowerState != VmPowerState.Halted)
        {
            return;
        }

        foreach (var vbd in record.Vbds)
        {
            if ((await scope.GetAsync(scope.Target, vbd)).CurrentlyAttached)
            {
                // Of a VM that is off this changes nothing else.
                await scope.Target.Vm.PowerStateResetAsync(vm, scope.Token);
                return;
            }
        }
    }

    /// <summary>Removes the stand-ins that nothing is connected to.</summary>
    public static async Task RemoveStandInsAsync(StepScope scope)
    {
        foreach (var (name, _) in scope.OwnFacts(StandIn).ToList())
        {
            await FixActs.DestroyNetworksAsync(scope, name);
        }
    }

    private static async Task MakeStandInsAsync(StepScope scope, XenApiClient foreign, ImmutableArray<PlanObject> vms)
    {
        var map = NetworkActs.Map(scope);
        var here = (await scope.Target.GetAllRecordsAsync<NetworkRecord>(scope.Token)).Values.ToList();
        foreach (var (network, owner) in await NetworksAsync(scope, foreign, vms))
        {
            if (here.Exists(n => n.NameLabel == network.NameLabel || (network.Bridge.Length > 0 && n.Bridge == network.Bridge)))
            {
                continue;
            }

            if (owner is not null && !map.ContainsKey(network.Uuid))
            {
                throw new StepFailedException(
                    $"{owner.Describe()} was on network {network.NameLabel}, which the target pool does not have; the server would make "
                        + "one that leads nowhere. Name one in the plan's network map, or make it, and have the run go on.");
            }

            var standIn = FixActs.Network(scope, network.NameLabel);
            scope.Note(StandIn + network.NameLabel, network.Uuid);
            await scope.Target.Network.CreateAsync(standIn, scope.Token);
            here.Add(standIn);
        }
    }

    // With the VM whose interface it is; null if only a snapshot had one there, which is not moved.
    private static async Task<IReadOnlyList<(NetworkRecord Network, PlanObject? Owner)>> NetworksAsync(
        StepScope scope, XenApiClient foreign, ImmutableArray<PlanObject> vms)
    {
        var found = new Dictionary<Ref<NetworkRecord>, PlanObject?>();
        foreach (var vm in vms)
        {
            var record = await scope.GetAsync(foreign, await foreign.Vm.GetByUuidAsync(vm.Uuid, scope.Token));
            foreach (var vif in record.Vifs)
            {
                found[(await scope.GetAsync(foreign, vif)).Network] = vm;
            }

            foreach (var snapshot in record.Snapshots)
            {
                foreach (var vif in (await scope.GetAsync(foreign, snapshot)).Vifs)
                {
                    found.TryAdd((await scope.GetAsync(foreign, vif)).Network, null);
                }
            }
        }

        var networks = new List<(NetworkRecord, PlanObject?)>();
        foreach (var (network, owner) in found.Where(f => !f.Key.IsNull))
        {
            networks.Add((await scope.GetAsync(foreign, network), owner));
        }

        return networks;
    }
}
