using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Connects recovered VMs as the plan's map says.</summary>
internal static class NetworkActs
{
    private const string Made = "network:";

    /// <summary>Network of the source to network of the target, by UUID: what the plan says, and what the run has made.</summary>
    public static ImmutableSortedDictionary<string, string> Map(StepScope scope) =>
        scope.State.Plan.Steps.OfType<MapNetworks>().SelectMany(s => s.Networks)
        .Where(n => n.To is not null).Select(n => (Name: n.From.Uuid, Value: n.To!.Uuid)).Concat(scope.Facts(Made))
        .ToImmutableSortedDictionary(n => n.Name, n => n.Value, StringComparer.Ordinal);

    public static async Task<StepOutcome> MapAsync(StepScope scope, MapNetworks step)
    {
        if (scope.State.IsTest)
        {
            foreach (var network in step.Networks.Where(n => n.To is null))
            {
                await IsolateAsync(scope, network.From);
            }

            return new StepOutcome.Done();
        }

        // A server that takes the map with the recovery has done it already; then this only makes sure.
        var map = Map(scope);
        foreach (var recover in scope.State.Plan.Steps)
        {
            var (vms, volume, at) = recover switch
            {
                RecoverVm one => ([one.Vm], one.Volume.Uuid, one.At),
                RecoverAppliance all => (all.Vms, all.Volume.Uuid, all.At),
                _ => (ImmutableArray<PlanObject>.Empty, "", null),
            };
            foreach (var vm in vms.Where(v => step.Vms.Contains(v) && scope.Vm(v) is { Phase: VmPhase.Recovered }))
            {
                await ConnectAsync(scope, await scope.Pools.ForeignAsync(scope.State, volume, at, scope.Token), vm, map);
            }
        }

        return new StepOutcome.Done();
    }

    private static async Task IsolateAsync(StepScope scope, PlanObject from)
    {
        var answer = await scope.Target.CallRawAsync("network.create_isolated", [scope.State.TestLabel, NameOf(scope, from)], scope.Token);
        var network = new Ref<NetworkRecord>(answer is WireString text ? text.Value : null);
        scope.Note(Made + from.Uuid, (await scope.GetAsync(scope.Target, network)).Uuid);
    }

    // The server knows an isolated network by its name, and two networks of a source may share one: they must not become one here.
    private static string NameOf(StepScope scope, PlanObject from)
    {
        var isShared = scope.State.Plan.Steps.OfType<MapNetworks>().SelectMany(s => s.Networks)
            .Any(n => n.From.Uuid != from.Uuid && n.From.Name == from.Name);
        return from.Name.Length == 0 ? from.Uuid : isShared ? $"{from.Name} ({from.Uuid})" : from.Name;
    }

    /// <summary>Moves a recovered VM's interfaces to where the map leads.</summary>
    public static async Task ConnectAsync(
        StepScope scope, XenApiClient foreign, PlanObject vm, ImmutableSortedDictionary<string, string> map)
    {
        var theirs = await scope.GetAsync(foreign, await foreign.Vm.GetByUuidAsync(vm.Uuid, scope.Token));
        var wanted = new Dictionary<string, string>();
        foreach (var vif in theirs.Vifs)
        {
            var record = await scope.GetAsync(foreign, vif);
            var network = record.Network.IsNull ? "" : await foreign.Network.GetUuidAsync(record.Network, scope.Token);
            if (map.GetValueOrDefault(network) is { } to)
            {
                wanted[record.Device] = to;
            }
        }

        var ours = await scope.GetAsync(scope.Target, await scope.Target.Vm.GetByUuidAsync(vm.Uuid, scope.Token));
        foreach (var vif in ours.Vifs)
        {
            var record = await scope.GetAsync(scope.Target, vif);
            if (wanted.GetValueOrDefault(record.Device) is { } uuid
                && await scope.Target.Network.GetByUuidAsync(uuid, scope.Token) is var network && network != record.Network)
            {
                await scope.Target.Vif.MoveAsync(vif, network, scope.Token);
            }
        }
    }
}
