using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Plans;

/// <summary>
/// What a plan can speak of: this pool's own objects, which travel with the plan, and those in other pools' metadata here.
/// </summary>
public sealed class PlanStock
{
    private readonly Dictionary<string, string> _names = [];
    private ILookup<string, string> _vmsByName = Enumerable.Empty<string>().ToLookup(n => n);

    /// <summary>Nothing.</summary>
    public static readonly PlanStock Empty = new();

    /// <summary>The vApps and then the VMs, by name.</summary>
    public ImmutableArray<Choosable> Items { get; private init; } = [];

    /// <summary>The tags of the VMs.</summary>
    public ImmutableSortedSet<string> Tags { get; private init; } = [];

    /// <summary>The networks that VMs come from.</summary>
    public ImmutableArray<(string Uuid, string Name)> Theirs { get; private init; } = [];

    /// <summary>The networks of the pool that takes the VMs in, as far as it could be read.</summary>
    public ImmutableArray<(string Uuid, string Name)> Ours { get; private init; } = [];

    /// <summary>The SRs that VMs come from.</summary>
    public ImmutableArray<(string Uuid, string Name)> TheirSrs { get; private init; } = [];

    /// <summary>The SRs of the pool that takes the VMs in.</summary>
    public ImmutableArray<(string Uuid, string Name)> OurSrs { get; private init; } = [];

    /// <summary>Whether other pools' metadata could be read.</summary>
    public bool HasForeign { get; private init; }

    /// <param name="state">This pool.</param>
    /// <param name="pool">Its record.</param>
    /// <param name="facts">What was read to check the plan; null for nothing yet.</param>
    public static PlanStock Of(DatabaseState state, Ref<PoolRecord> pool, Inventory? facts)
    {
        var own = state.Get(pool);
        var ownName = own.NameLabel.Length > 0 ? own.NameLabel : own.Uuid;
        var foreign = facts?.Volumes.Where(v => v.Database is { } database && database.Pool.Uuid != own.Uuid)
            .Select(v => v.Database!).ToList() ?? [];
        var items = OwnItems(state, ownName).Concat(foreign.SelectMany(ItemsOf)).DistinctBy(i => i.Uuid)
            .OrderBy(i => !i.IsApp).ThenBy(i => i.Name, StringComparer.OrdinalIgnoreCase).ThenBy(i => i.Uuid, StringComparer.Ordinal)
                .ToImmutableArray();
        var networks = state.All<NetworkRecord>().Select(n => (n.Record.Uuid, Name: n.Record.NameLabel)).ToList();
        var srs = state.All<SrRecord>().Select(s => (s.Record.Uuid, Name: s.Record.NameLabel)).ToList();
        var target = facts?.Target.Database;
        var stock = new PlanStock
        {
            Items = items,
            Tags = [.. items.SelectMany(i => i.Tags)],
            Theirs = ByName(foreign.SelectMany(d => d.Networks).Select(n => (n.Uuid, n.Name)).Concat(networks)),
            Ours = ByName(target?.Networks.Select(n => (n.Uuid, n.Name)) ?? networks),
            TheirSrs = ByName(foreign.SelectMany(d => d.Srs).Select(s => (s.Uuid, s.Name)).Concat(srs)),
            OurSrs = ByName(target?.Srs.Select(s => (s.Uuid, s.Name)) ?? srs),
            HasForeign = foreign.Count > 0,
            _vmsByName = items.Where(i => !i.IsApp).ToLookup(i => i.Name, i => i.Uuid),
        };
        foreach (var (uuid, name) in items.Select(i => (i.Uuid, i.Name)).Concat(stock.Theirs).Concat(stock.Ours).Concat(stock.TheirSrs)
            .Concat(stock.OurSrs))
        {
            stock._names.TryAdd(uuid, name);
        }

        return stock;
    }

    /// <summary>What people call an object, where it is known by its UUID.</summary>
    public string NameOf(string word) => _names.GetValueOrDefault(word) is { Length: > 0 } name ? name : word;

    /// <summary>VMs for a word that is being typed, each as it can be written: by name where only one has it.</summary>
    public IEnumerable<(string Value, string Text)> SuggestVms(string word) =>
        Items.Where(i => !i.IsApp && i.Matches(word)).Take(20)
            .Select(i => _vmsByName[i.Name].Count() == 1 ? (i.Name, i.PoolName) : (i.Uuid, i.Name));

    private static IEnumerable<Choosable> OwnItems(DatabaseState state, string poolName)
    {
        var vms = state.All<VmRecord>().Select(v => v.Record)
            .Where(
                v => v is { IsControlDomain: false, IsATemplate: false, IsASnapshot: false }
                    && !v.OtherConfig.ContainsKey(Marks.Test)).ToList();
        var members = vms.ToLookup(v => v.Appliance);
        return state.All<VmApplianceRecord>()
            .Select(a => new Choosable(a.Record.Uuid, a.Record.NameLabel, poolName, true, true) { Vms = members[a.Ref].Count() })
            .Concat(vms.Select(v => new Choosable(v.Uuid, v.NameLabel, poolName, false, true) { AppName = state.Find(v.Appliance)?.NameLabel ?? "", Tags = [.. v.Tags] }));
    }

    private static IEnumerable<Choosable> ItemsOf(DatabaseFacts facts)
    {
        var members = facts.Vms.ToLookup(v => v.ApplianceUuid);
        var names = facts.Appliances.DistinctBy(a => a.Uuid).ToDictionary(a => a.Uuid, a => a.Name);
        var poolName = facts.Pool.Name.Length > 0 ? facts.Pool.Name : facts.Pool.Uuid;
        return facts.Appliances.Select(a => new Choosable(a.Uuid, a.Name, poolName, true, false) { Vms = members[a.Uuid].Count() })
            .Concat(facts.Vms.Select(v => new Choosable(v.Uuid, v.Name, poolName, false, false) { AppName = names.GetValueOrDefault(v.ApplianceUuid, ""), Tags = v.Tags }));
    }

    private static ImmutableArray<(string Uuid, string Name)> ByName(IEnumerable<(string Uuid, string Name)> all) =>
        [.. all.Where(o => o.Name.Length > 0).DistinctBy(o => o.Uuid).OrderBy(o => o.Name, StringComparer.OrdinalIgnoreCase)];
}
