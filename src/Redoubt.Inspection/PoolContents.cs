using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Inspection;

/// <summary>Sums up a database. Pure.</summary>
public static class PoolContents
{
    /// <summary>What is in the database; with a VM's name or UUID only that one and what has it.</summary>
    public static PoolContent Of(DatabaseState state, string? vm)
    {
        var pool = state.All<PoolRecord>().Select(p => p.Record).FirstOrDefault();
        var machines = state.All<VmRecord>().ToList();
        var shown = machines.Where(v => vm is null ? VmSummaries.KindOf(v.Record) == "vm" : IsNamed(v.Record, vm)).ToList();
        return new()
        {
            Pool = pool is null ? null : new(pool.Uuid, pool.NameLabel, state.Find(pool.Master)?.NameLabel),
            Hosts = Sorted(state.All<HostRecord>().Select(h => Summarise(h.Record)), h => h.NameLabel),
            Appliances = Sorted(
                state.All<VmApplianceRecord>().Where(a => vm is null || shown.Exists(v => v.Record.Appliance == a.Ref))
                    .Select(a => Summarise(state, a.Record)),
                a => a.NameLabel),
            Vms = Sorted(shown.Select(v => VmSummaries.Of(state, v.Ref, v.Record)), v => v.NameLabel),
            Srs = Sorted(state.All<SrRecord>().Select(s => Summarise(state, s.Record)), s => s.NameLabel),
            Networks = Sorted(
                state.All<NetworkRecord>().Select(
                    n => new NetworkSummary(n.Record.Uuid, n.Record.NameLabel, n.Record.Bridge, n.Record.Vifs.Count)),
                n => n.NameLabel),
            Templates = machines.Count(v => VmSummaries.KindOf(v.Record) == "template"),
        };
    }

    /// <summary>The latest time that anything in the database carries.</summary>
    public static DateTimeOffset? NewestTime(DatabaseState state)
    {
        var newest = state.All<VmMetricsRecord>().SelectMany(m => new[] { m.Record.StartTime, m.Record.InstallTime })
            .Concat(state.All<VmRecord>().Select(v => v.Record.SnapshotTime))
            .Concat(state.All<VdiRecord>().Select(v => v.Record.SnapshotTime))
            .Concat(state.All<HostMetricsRecord>().Select(m => m.Record.LastUpdated))
            .DefaultIfEmpty(DateTimeOffset.UnixEpoch).Max();
        return newest > DateTimeOffset.UnixEpoch ? newest : null;
    }

    private static bool IsNamed(VmRecord vm, string name) =>
        vm.Uuid.Equals(name, StringComparison.OrdinalIgnoreCase) || vm.NameLabel == name;

    private static HostSummary Summarise(HostRecord host) => new(
        host.Uuid,
        host.NameLabel,
        host.Address,
        $"{host.SoftwareVersion.GetValueOrDefault("product_brand", "XenServer")} {host.SoftwareVersion.GetValueOrDefault("product_version", "")}".TrimEnd());

    private static ApplianceSummary Summarise(DatabaseState state, VmApplianceRecord appliance) => new(
        appliance.Uuid,
        appliance.NameLabel,
        [.. appliance.Vms.Select(state.Find).OfType<VmRecord>().OrderBy(v => v.Order).ThenBy(v => v.NameLabel, StringComparer.Ordinal)
            .Select(v => new ApplianceMember(v.Uuid, v.NameLabel, v.Order, v.StartDelay, v.ShutdownDelay))]);

    private static SrSummary Summarise(DatabaseState state, SrRecord sr) => new(
        sr.Uuid,
        sr.NameLabel,
        sr.Type,
        sr.Shared,
        sr.Vdis.Count,
        sr.Vdis.Any(v => state.Find(v) is { Type: VdiType.Metadata } vdi && state.Find(vdi.MetadataOfPool) is not null),
        [.. sr.Pbds.Select(state.Find).OfType<PbdRecord>()
            .Select(p => new ConnectionSummary(state.Find(p.Host)?.NameLabel, p.CurrentlyAttached, DeviceConfigMask.Apply(p.DeviceConfig)))
            .OrderBy(c => c.Host, StringComparer.Ordinal)]);

    private static List<T> Sorted<T>(IEnumerable<T> items, Func<T, string> name) => [.. items.OrderBy(name, StringComparer.Ordinal)];
}
