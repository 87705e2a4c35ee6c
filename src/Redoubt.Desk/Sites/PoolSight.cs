using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>A pool as a picture of it needs it: its hosts with what runs on each, what rests, and its storage. Pure.</summary>
public sealed record PoolSight
{
    /// <summary>How many VMs a place tells one by one: a picture of more shows nobody anything.</summary>
    public const int Most = 120;

    /// <summary>Its hosts, by name.</summary>
    public ImmutableArray<Place> Hosts { get; init; } = [];

    /// <summary>The VMs that are on no host.</summary>
    public required Place Resting { get; init; }

    /// <summary>The SRs that hold disks, or could, by name.</summary>
    public ImmutableArray<Store> Srs { get; init; } = [];

    /// <summary>How many VMs run.</summary>
    public int Running { get; init; }

    /// <summary>How many VMs there are.</summary>
    public int Total { get; init; }

    /// <summary>The sight of a pool.</summary>
    /// <param name="hosts">Its hosts.</param>
    /// <param name="vms">Its VMs, templates and snapshots among them.</param>
    /// <param name="srs">Its SRs.</param>
    public static PoolSight Of(
        IEnumerable<KeyValuePair<Ref<HostRecord>, HostRecord>> hosts, IEnumerable<VmRecord> vms, IEnumerable<SrRecord> srs)
    {
        var guests = vms.Where(v => v is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false })
            .OrderBy(v => v.NameLabel, StringComparer.OrdinalIgnoreCase).ThenBy(v => v.Uuid, StringComparer.Ordinal).ToList();
        var all = hosts.ToDictionary();
        var resident = guests.ToLookup(v => all.ContainsKey(v.ResidentOn) ? v.ResidentOn : default);
        return new()
        {
            Hosts = [.. all.OrderBy(h => h.Value.NameLabel, StringComparer.OrdinalIgnoreCase)
                .Select(h => PlaceOf(h.Value.Uuid, Name(h.Value.NameLabel, h.Value.Uuid), h.Value.Enabled, [.. resident[h.Key]]))],
            Resting = PlaceOf("", "", true, [.. resident[default]]),
            Srs = [.. srs.Where(s => s is { ContentType: not "iso", IsToolsSr: false, Type: not "udev" })
                .Select(s => new Store(s.Uuid, Name(s.NameLabel, s.Uuid))).OrderBy(s => s.Name, StringComparer.OrdinalIgnoreCase)],
            Running = guests.Count(v => v.PowerState == VmPowerState.Running),
            Total = guests.Count,
        };
    }

    private static Place PlaceOf(string uuid, string name, bool isEnabled, List<VmRecord> vms) =>
        new(uuid, name, isEnabled, [.. vms.Take(Most).Select(v => new Dot(v.Uuid, Name(v.NameLabel, v.Uuid), v.PowerState))], vms.Count);

    private static string Name(string label, string uuid) => label.Length > 0 ? label : uuid;

    /// <summary>Where VMs are.</summary>
    /// <param name="Uuid">The host's UUID; empty for those that are on none.</param>
    /// <param name="Name">The host's name; empty for those that are on none.</param>
    /// <param name="IsEnabled">Whether VMs may start there.</param>
    /// <param name="Vms">Its VMs, by name, <see cref="Most"/> of them.</param>
    /// <param name="Count">How many there are.</param>
    public sealed record Place(string Uuid, string Name, bool IsEnabled, ImmutableArray<Dot> Vms, int Count);

    /// <summary>An SR.</summary>
    /// <param name="Uuid">Its UUID.</param>
    /// <param name="Name">Its name.</param>
    public sealed record Store(string Uuid, string Name);

    /// <summary>A VM.</summary>
    /// <param name="Uuid">Its UUID.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="Power">Whether it runs.</param>
    public sealed record Dot(string Uuid, string Name, VmPowerState Power);
}
