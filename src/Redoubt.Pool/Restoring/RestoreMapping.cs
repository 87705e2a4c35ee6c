using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Restoring;

/// <summary>
/// Which objects of a backup stand for which of those that are here: the pool for the pool, its coordinator for this host, that host's
/// control domain for this one's. The running daemon knows these three by their references, so the backup's take on theirs.
/// </summary>
internal sealed class RestoreMapping
{
    private readonly List<(string From, string To)> _references = [];

    private RestoreMapping(DatabaseState backup, Ref<PoolRecord> pool, Ref<HostRecord> coordinator)
    {
        (Backup, Pool, Coordinator) = (backup, pool, coordinator);
        ControlMetrics = [.. backup.All<VmRecord>().Where(v => v.Record.IsControlDomain).Select(v => v.Record.Metrics.Opaque)];
    }

    public DatabaseState Backup { get; }

    /// <summary>The backup's pool.</summary>
    public Ref<PoolRecord> Pool { get; }

    /// <summary>The backup's host that this one takes the place of.</summary>
    public Ref<HostRecord> Coordinator { get; }

    /// <summary>The metrics of the backup's control domains.</summary>
    public HashSet<string> ControlMetrics { get; }

    /// <summary>The backup's other hosts.</summary>
    public IEnumerable<HostRecord> OtherHosts => Backup.All<HostRecord>().Where(h => h.Ref != Coordinator).Select(h => h.Record);

    /// <exception cref="XenApiException"><c>COULD_NOT_IMPORT_DATABASE</c>: it is no pool's database, or nobody can say which host leads
    /// it.</exception>
    public static RestoreMapping Of(DatabaseState backup, DatabaseState here, Ref<PoolRecord> pool, Ref<HostRecord> host)
    {
        var pools = backup.All<PoolRecord>().ToList();
        if (pools.Count != 1)
        {
            throw new XenApiException("COULD_NOT_IMPORT_DATABASE", $"The backup has {pools.Count} pools in place of one.");
        }

        var hosts = backup.All<HostRecord>().Select(h => h.Ref).ToList();
        var coordinator = backup.Find(pools[0].Record.Master) is not null ? pools[0].Record.Master : hosts.Count == 1 ? hosts[0] : default;
        if (coordinator.IsNull)
        {
            throw new XenApiException(
                "COULD_NOT_IMPORT_DATABASE", "The backup does not say which of its hosts was the pool's coordinator.");
        }

        var mapping = new RestoreMapping(backup, pools[0].Ref, coordinator);
        mapping.Map(pools[0].Ref.Opaque, pool.Opaque);
        mapping.Map(coordinator.Opaque, host.Opaque);
        var (theirs, ours) = (ControlDomain(backup, coordinator), ControlDomain(here, host));
        if (!theirs.IsNull && !ours.IsNull)
        {
            mapping.Map(theirs.Opaque, ours.Opaque);
        }

        return mapping;
    }

    /// <summary>A row of the backup with the references it shall have here.</summary>
    public DumpRow Apply(DumpRow row) => _references.Count == 0
        ? row
        : row with { Ref = Apply(row.Ref), Columns = RowColumns.From(row.Columns.Select(c => KeyValuePair.Create(c.Key, Apply(c.Value)))) };

    /// <summary>The control domain of a host; older databases say it only from the other side.</summary>
    public static Ref<VmRecord> ControlDomain(DatabaseState state, Ref<HostRecord> host) =>
        state.Find(host) is { } record && state.Find(record.ControlDomain) is not null
        ? record.ControlDomain
        : state.All<VmRecord>().FirstOrDefault(v => v.Record.IsControlDomain && v.Record.ResidentOn == host).Ref;

    private void Map(string from, string to)
    {
        if (from != to)
        {
            _references.Add((from, to));
        }
    }

    private string Apply(string text) => _references.Aggregate(text, (t, r) => Replace(t, r.From, r.To));

    // A reference can be the beginning of a longer one.
    private static string Replace(string text, string from, string to)
    {
        for (var at = text.IndexOf(from, StringComparison.Ordinal); at >= 0; at = text.IndexOf(from, at, StringComparison.Ordinal))
        {
            var end = at + from.Length;
            if (end == text.Length || !(char.IsAsciiLetterOrDigit(text[end]) || text[end] is '-' or '_'))
            {
                (text, at) = (string.Concat(text.AsSpan(0, at), to, text.AsSpan(end)), at + to.Length);
            }
            else
            {
                at = end;
            }
        }

        return text;
    }
}
