using System.Globalization;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Inspection;

/// <summary>Reports on a database that has been read. Pure.</summary>
internal static class DumpReports
{
    public static DatabaseReport Of(string path, DatabaseDump dump, string? vm)
    {
        var report = Describe(path, dump, vm) with { Kind = "dump" };
        return report.Content!.Pool is null
            ? report with { Verdict = InspectVerdict.Unusable, Explanation = "It is a whole database dump, but no pool is in it." }
            : report;
    }

    /// <summary>Everything that the database itself tells; of a volume the rest is the reader's to say.</summary>
    public static DatabaseReport Describe(string path, DatabaseDump dump, string? vm)
    {
        var state = SchemaUpgrade.Apply(StateDump.FromDump(dump));
        return new()
        {
            Path = path,
            Kind = "dump",
            Verdict = InspectVerdict.Intact,
            Explanation = $"It is a whole database dump, of generation {dump.Manifest.Generation.ToString(CultureInfo.InvariantCulture)}.",
            Generation = dump.Manifest.Generation,
            Schema = $"{dump.Manifest.SchemaMajor}.{dump.Manifest.SchemaMinor}",
            NewestTime = PoolContents.NewestTime(state),
            Warnings = [.. Warnings(state, dump)],
            Content = PoolContents.Of(state, vm),
        };
    }

    private static IEnumerable<string> Warnings(DatabaseState state, DatabaseDump dump)
    {
        foreach (var (_, vdi) in state.All<VdiRecord>().Where(v => SchemaUpgrade.IsHaVolume(state, v.Record)))
        {
            yield return $"The disk \"{vdi.NameLabel}\" ({vdi.Uuid}) says that it holds metadata. Before schema 5.63 that meant the "
                + "log of high availability: "
                + "no pool can be recovered from it.";
        }

        if (dump.Manifest is { SchemaMajor: DataModel.SchemaMajor, SchemaMinor: > DataModel.SchemaMinor })
        {
            yield return $"A newer version wrote this (schema {dump.Manifest.SchemaMajor}.{dump.Manifest.SchemaMinor}, this program knows "
                + $"{DataModel.SchemaMajor}.{DataModel.SchemaMinor}). "
                + "What it does not know is passed over.";
        }

        var secrets = StoredValue.Of(state).Count(v => v.IsClear) + dump.Manifest.Extra.Count(p => p.Key == "pool_token");
        if (secrets > 0)
        {
            yield return $"It holds {(secrets == 1 ? "a secret" : $"{secrets} secrets")} in clear, not shown here. Keep "
                + "it as safe as a password.";
        }

        var closed = ClosedSecret.Of(state).ToList();
        if (closed.Count > 0)
        {
            yield return $"It holds {(closed.Count == 1 ? "a sealed secret" : $"{closed.Count} sealed secrets")}; "
                + "whoever recovers from it needs the key "
                + $"{string.Join(", ", closed.Select(c => c.KeyId).Distinct().Order(StringComparer.Ordinal))} (pool-key-import).";
        }
    }
}
