using System.Globalization;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Restoring;

/// <summary>Works out what restoring a backup would do. Pure: the same plan is shown first and carried out afterwards.</summary>
internal sealed class RestorePlanner(Ref<PoolRecord> pool, Ref<HostRecord> host, IReadOnlySet<string> drivers, Func<KeyRing> keys)
{
    private const int NamesShown = 20;

    /// <exception cref="XenApiException"><c>COULD_NOT_IMPORT_DATABASE</c>: the backup can't be restored here.</exception>
    public RestorePlan Plan(DatabaseState here, DatabaseDump dump)
    {
        var backup = SchemaUpgrade.Apply(keys().Open(StateDump.FromDump(dump)));
        if (dump.Manifest.Generation > Database.Journal.JournalLayout.MaxGeneration / 2)
        {
            throw new XenApiException("COULD_NOT_IMPORT_DATABASE", Say($"Its generation, {dump.Manifest.Generation}, can't be right."));
        }

        var mapping = RestoreMapping.Of(backup, here, pool, host);
        var target = RestoreTarget.Of(here, mapping, pool, host);
        return new()
        {
            Steps = [.. Steps(here, target, mapping, dump)],
            Warnings = [.. Warnings(here, target, mapping, dump)],
            BackupGeneration = dump.Manifest.Generation,
            Target = target,
        };
    }

    private IEnumerable<string> Steps(DatabaseState here, DatabaseState target, RestoreMapping mapping, DatabaseDump dump)
    {
        var (theirs, ours) = (mapping.Backup.Get(mapping.Pool), here.Get(pool));
        yield return Say($"The backup is of generation {dump.Manifest.Generation}, schema {dump.Manifest.SchemaMajor}.{dump.Manifest.SchemaMinor}; the database here is at generation {here.Generation}.");
        yield return theirs.Uuid == ours.Uuid
            ? $"It is of this pool, \"{theirs.NameLabel}\" ({theirs.Uuid})."
            : $"It is of another pool, \"{theirs.NameLabel}\" ({theirs.Uuid}), which takes the place of \"{ours.NameLabel}\" ({ours.Uuid}).";
        var (coordinator, machine) = (mapping.Backup.Get(mapping.Coordinator), here.Get(host));
        yield return coordinator.Uuid == machine.Uuid
            ? $"Host \"{coordinator.NameLabel}\" ({coordinator.Uuid}) is this host."
            : $"Host \"{coordinator.NameLabel}\" ({coordinator.Uuid}), the backup's coordinator, is mapped to this host, \"{machine.NameLabel}\" ({machine.Uuid}).";
        foreach (var dropped in mapping.OtherHosts)
        {
            yield return $"Host \"{dropped.NameLabel}\" ({dropped.Uuid}) is dropped, and its connections to storage with it.";
        }

        yield return Compare("VMs", Names<VmRecord>(here, IsMachine), Names<VmRecord>(target, IsMachine));
        yield return Compare(
            "Templates and snapshots", Names<VmRecord>(here, v => v.IsATemplate), Names<VmRecord>(target, v => v.IsATemplate));
        yield return Compare("vApps", Names<VmApplianceRecord>(here), Names<VmApplianceRecord>(target));
        yield return Compare("SRs", Names<SrRecord>(here), Names<SrRecord>(target));
        yield return Compare("Disks", Names<VdiRecord>(here), Names<VdiRecord>(target));
        yield return Compare("Networks", Names<NetworkRecord>(here), Names<NetworkRecord>(target));
    }

    private IEnumerable<string> Warnings(DatabaseState here, DatabaseState target, RestoreMapping mapping, DatabaseDump dump)
    {
        var running = mapping.Backup.All<VmRecord>().Select(v => v.Record)
            .Where(v => IsMachine(v) && v.PowerState is not (VmPowerState.Halted or VmPowerState.Suspended))
                .Select(v => v.NameLabel).ToList();
        if (running.Count > 0)
        {
            yield return $"These VMs ran when the backup was made and will be halted: {List(running)}. Make sure that they run nowhere else before you start them.";
        }

        foreach (var (_, sr) in target.All<SrRecord>())
        {
            if (!drivers.Contains(sr.Type))
            {
                yield return $"SR \"{sr.NameLabel}\" ({sr.Uuid}) is of type {sr.Type}, which this host can't attach.";
            }
            else if (sr.Pbds.IsEmpty)
            {
                yield return $"SR \"{sr.NameLabel}\" ({sr.Uuid}) has no connection to this host. Make one with pbd-create.";
            }
        }

        var devices = mapping.Backup.All<PifRecord>().Where(p => p.Record.Physical && p.Record.Host == mapping.Coordinator)
            .Select(p => p.Record.Device)
            .Except(here.All<PifRecord>().Where(p => p.Record.Physical).Select(p => p.Record.Device))
                .Order(StringComparer.Ordinal).ToList();
        if (devices.Count > 0)
        {
            yield return $"This host has no network device {List(devices)}. Networks on them have no uplink until they are given a bridge.";
        }

        if (target.All<VdiRecord>().Concat(here.All<VdiRecord>()).Any(v => v.Record.MetadataOfPool == pool))
        {
            yield return "The metadata on the protected SRs will be overwritten with the restored database.";
        }

        var unknown = mapping.Backup.UnknownTables.Where(t => !t.Rows.IsEmpty).Select(t => t.Name).ToList();
        if (unknown.Count > 0 || dump.Manifest.SchemaMinor > DataModel.SchemaMinor)
        {
            yield return $"A newer version wrote the backup. What this version does not know is left out{(unknown.Count > 0 ? $": tables {List(unknown)}" : "")}.";
        }
    }

    private static bool IsMachine(VmRecord vm) => vm is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false };

    private static Dictionary<string, string> Names<T>(DatabaseState state, Func<T, bool>? which = null)
        where T : Record, IRecord<T>, new()
    {
        var (uuid, name) = (T.Declaration.FindField("uuid")!, T.Declaration.FindField("name_label")!);
        return state.All<T>().Where(r => which?.Invoke(r.Record) != false)
            .GroupBy(r => (string)uuid.GetValue(r.Record)!).ToDictionary(g => g.Key, g => (string)name.GetValue(g.First().Record)!);
    }

    private static string Compare(string what, Dictionary<string, string> here, Dictionary<string, string> target)
    {
        var gone = here.Where(h => !target.ContainsKey(h.Key)).Select(h => h.Value).ToList();
        var made = target.Where(t => !here.ContainsKey(t.Key)).Select(t => t.Value).ToList();
        return Say($"{what}: {target.Count} after it, {here.Count} now")
            + (made.Count > 0 ? Say($"; {made.Count} come back: {List(made)}") : "")
            + (gone.Count > 0 ? Say($"; {gone.Count} that the backup lacks go: {List(gone)}") : "") + ".";
    }

    private static string List(List<string> names) =>
        string.Join(
            ", ",
            names.Take(NamesShown).Order(StringComparer.Ordinal)) + (names.Count > NamesShown
                ? Say($" and {names.Count - NamesShown} more")
                : "");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
