using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Reads one pool's database, its own or a foreign one, through getters only.</summary>
internal static class DatabaseReader
{
    /// <summary>The message by which a server says what a database has of what a virtual TPM keeps.</summary>
    internal const string TellingOfTpms = "VTPM.get_contents_state";

    /// <summary>The message by which a server says which secrets of a database it can't open.</summary>
    internal const string TellingOfSecrets = "pool.get_closed_secrets";

    // Rows that were never given a moment have the epoch, and no pool is older than XenAPI.
    private static readonly DateTimeOffset FirstMoment = new(2006, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="api">A session on the database.</param>
    /// <param name="isLive">Whether a running pool answers, which can be asked what its hosts have free.</param>
    /// <param name="offers">Which messages of ours the server has, of those that say what no table does.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<DatabaseFacts> ReadAsync(
        XenApiClient api, bool isLive, Func<string, bool> offers, CancellationToken cancellationToken)
    {
        // All tables at once: each is one call, and over a long line the waits would add up.
        var pools = api.GetAllRecordsAsync<PoolRecord>(cancellationToken);
        var hosts = api.GetAllRecordsAsync<HostRecord>(cancellationToken);
        var hostMetrics = api.GetAllRecordsAsync<HostMetricsRecord>(cancellationToken);
        var networks = api.GetAllRecordsAsync<NetworkRecord>(cancellationToken);
        var srs = api.GetAllRecordsAsync<SrRecord>(cancellationToken);
        var pbds = api.GetAllRecordsAsync<PbdRecord>(cancellationToken);
        var vdis = api.GetAllRecordsAsync<VdiRecord>(cancellationToken);
        var appliances = api.GetAllRecordsAsync<VmApplianceRecord>(cancellationToken);
        var vms = api.GetAllRecordsAsync<VmRecord>(cancellationToken);
        var vmMetrics = api.GetAllRecordsAsync<VmMetricsRecord>(cancellationToken);
        var vbds = api.GetAllRecordsAsync<VbdRecord>(cancellationToken);
        var vifs = api.GetAllRecordsAsync<VifRecord>(cancellationToken);
        await Task.WhenAll(pools, hosts, hostMetrics, networks, srs, pbds, vdis, appliances, vms, vmMetrics, vbds, vifs);

        var tables = new DatabaseTables
        {
            Pool = (await pools).Values.FirstOrDefault()
                ?? throw new XenApiTransportException($"{api.Server.Authority} has a database without a pool."),
            Hosts = await hosts,
            HostMetrics = await hostMetrics,
            Networks = await networks,
            Srs = await srs,
            Pbds = await pbds,
            Vdis = await vdis,
            Appliances = await appliances,
            Vms = await vms,
            VmMetrics = await vmMetrics,
            Vbds = await vbds,
            Vifs = await vifs,
        };
        if (offers(TellingOfTpms))
        {
            tables = tables with { Tpms = await TpmsAsync(api, tables.Vms, cancellationToken) };
        }

        var free = isLive ? await FreeMemoryAsync(api, tables.Hosts.Keys, cancellationToken) : [];
        return tables.ToFacts(free) with
        {
            ClosedSecrets = offers(TellingOfSecrets) ? await ClosedSecretsAsync(api, (await pools).Keys.First(), cancellationToken) : [],
        };
    }

    private static async Task<ImmutableArray<ClosedSecretFacts>> ClosedSecretsAsync(
        XenApiClient api, Ref<PoolRecord> pool, CancellationToken cancellationToken)
    {
        var closed = await api.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
            TellingOfSecrets, [pool], cancellationToken);
        return [.. closed.Select(c => new ClosedSecretFacts(
            c.GetValueOrDefault("class", ""), c.GetValueOrDefault("uuid", ""), c.GetValueOrDefault("name", ""),
            c.GetValueOrDefault("field", ""), c.GetValueOrDefault("key", "")))];
    }

    /// <summary>The latest of some moments, leaving out those that stand for none.</summary>
    internal static DateTimeOffset? Newest(IEnumerable<DateTimeOffset> moments) =>
        moments.Where(m => m > FirstMoment).Select(m => (DateTimeOffset?)m).Max();

    private static async Task<Dictionary<Ref<VtpmRecord>, TpmFacts>> TpmsAsync(
        XenApiClient api, IReadOnlyDictionary<Ref<VmRecord>, VmRecord> vms, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Ref<VtpmRecord>, TpmFacts>();
        if (vms.Values.All(v => v.Vtpms.Count == 0))
        {
            return found;
        }

        // By the table, since a damaged database may have VMs with TPMs that are not there.
        foreach (var (reference, tpm) in await api.GetAllRecordsAsync<VtpmRecord>(cancellationToken))
        {
            var contents = await api.CallAsync<string>(TellingOfTpms, [reference], cancellationToken) switch
            {
                "kept" => TpmContentsState.Kept,
                "damaged" => TpmContentsState.Damaged,
                "sealed" => TpmContentsState.Sealed,
                _ => TpmContentsState.None,
            };
            found[reference] = new(contents, tpm.IsUnique);
        }

        return found;
    }

    // A host that can't say what it has free (it is down, or too old to know the message) is left out: not known is not none.
    private static async Task<Dictionary<Ref<HostRecord>, long>> FreeMemoryAsync(
        XenApiClient api, IEnumerable<Ref<HostRecord>> hosts, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(hosts.Select(async host =>
        {
            try
            {
                return (host, (long?)await api.Host.ComputeFreeMemoryAsync(host, cancellationToken));
            }
            catch (XenApiException)
            {
                return (host, null);
            }
        }));
        return answers.Where(a => a.Item2 is not null).ToDictionary(a => a.host, a => a.Item2!.Value);
    }
}
