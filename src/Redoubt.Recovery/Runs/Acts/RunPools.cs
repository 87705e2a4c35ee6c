using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// The sessions of a run: in the target, in the source, and on foreign databases. Each is opened when it is needed first, shared by the
/// steps, and ended with <see cref="ResetAsync"/>; a run that goes on later opens them anew.
/// </summary>
internal sealed class RunPools(RunEngineConfig config) : IAsyncDisposable
{
    private const string Unreachable = "DR_SITE_UNREACHABLE";

    // A source may die in the middle of a call. What takes long there is done by tasks.
    private static readonly TimeSpan SourceLimit = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<(string Volume, string At), XenApiClient> _foreign = [];
    private readonly Dictionary<XenApiClient, OfferedMessages> _offers = [];
    private readonly Dictionary<string, XenApiClient> _sources = [];
    private XenApiClient? _target;

    /// <summary>Names of sites that the target answered not to know, so that it need not be told of them again.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, bool> SitesUnknownToTarget { get; } = new();

    /// <summary>What a pool answers; asked once for each of them.</summary>
    public async Task<OfferedMessages> OffersAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            // A session on a foreign database speaks with the same server, but tells of another server's hosts.
            var asked = _foreign.ContainsValue(api) ? _target! : api;
            if (!_offers.TryGetValue(asked, out var offers))
            {
                _offers.Add(asked, offers = await OfferedMessages.ReadAsync(asked, cancellationToken));
            }

            return offers;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<XenApiClient> TargetAsync(RunState state, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _target ??= await ConnectAsync(state, state.Request.Target, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A source: the site that is known to be this pool, or else the one that the request names.</summary>
    /// <exception cref="StepFailedException">There is no way to ask that pool.</exception>
    /// <exception cref="XenApiTransportException">It does not answer.</exception>
    public async Task<XenApiClient> SourceAsync(RunState state, PlanObject pool, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_sources.TryGetValue(pool.Uuid, out var source))
            {
                var site = state.Request.Sources.GetValueOrDefault(pool.Uuid) ?? state.Request.Source ?? throw new StepFailedException(
                    $"{pool.Describe()} must be asked, but the request names no source. Add the pool as a site, "
                        + "and name it as the source.");
                source = await ConnectAsync(state, site, cancellationToken);
                try
                {
                    source.CallLimit = SourceLimit;
                    var there = (await source.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.Single().Uuid;
                    if (there != pool.Uuid)
                    {
                        throw new StepFailedException(
                            $"The source {site} is another pool ({there}) than {pool.Describe()} ({pool.Uuid}). Add that pool as a site "
                                + "(dr-site-add), and plan again.");
                    }
                }
                catch
                {
                    await source.DisposeAsync();
                    throw;
                }

                _sources.Add(pool.Uuid, source);
            }

            return source;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A session on the database of a metadata volume of the target's storage.</summary>
    /// <param name="state">The run.</param>
    /// <param name="volumeUuid">The volume.</param>
    /// <param name="at">The moment; null for the newest state.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<XenApiClient> ForeignAsync(RunState state, string volumeUuid, string? at, CancellationToken cancellationToken)
    {
        var target = await TargetAsync(state, cancellationToken);
        if (at is not null && await OffersAsync(target, cancellationToken) is var offers && !offers.Has("VDI.open_database_at"))
        {
            throw new StepFailedException(
                $"The target pool ({offers.ServerProduct}) opens the newest state of a metadata volume only, and the plan is for that of "
                    + $"{at}. Plan again, without at=.");
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_foreign.TryGetValue((volumeUuid, at ?? ""), out var foreign))
            {
                if (state.Request.Policy.AcceptedVolumes.Contains(volumeUuid))
                {
                    await AcceptAsync(target, volumeUuid, state.Operator, cancellationToken);
                }

                var vdi = await target.Vdi.GetByUuidAsync(volumeUuid, cancellationToken);
                var session = at is null
                    ? await target.Vdi.OpenDatabaseAsync(vdi, cancellationToken)
                    : await target.Vdi.OpenDatabaseAtAsync(vdi, at, cancellationToken);
                _foreign.Add((volumeUuid, at ?? ""), foreign = target.WithSession(session));
            }

            return foreign;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends all sessions.</summary>
    public async Task ResetAsync()
    {
        foreach (var foreign in _foreign.Values)
        {
            try
            {
                await foreign.LogoutAsync(CancellationToken.None);
            }
            catch (Exception gone) when (gone is XenApiException or XenApiTransportException)
            {
                // It ended by itself, or with its server.
            }
        }

        _foreign.Clear();
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync();
        }

        _sources.Clear();
        _offers.Clear();
        await DisposeAsync(_target);
        _target = null;
    }

    public async ValueTask DisposeAsync()
    {
        await ResetAsync();
        _gate.Dispose();
    }

    // The operator's word, where the server looks for it. A genuine xapi, which asks for none, keeps it as a note.
    private static async Task AcceptAsync(XenApiClient target, string volumeUuid, string by, CancellationToken cancellationToken)
    {
        var pool = (await target.Pool.GetAllAsync(cancellationToken))[0];
        try
        {
            await target.Pool.AddToOtherConfigAsync(pool, Marks.AcceptedVolume + volumeUuid, by, cancellationToken);
        }
        catch (XenApiException already) when (already.Code == "MAP_DUPLICATE_KEY")
        {
            // It has been accepted before.
        }
    }

    // A site that can't be reached is silent like one that falls silent later, however its connector puts it.
    private async Task<XenApiClient> ConnectAsync(RunState state, string? site, CancellationToken cancellationToken)
    {
        try
        {
            return await config.Connect(site, state.Operator, cancellationToken);
        }
        catch (XenApiException silent) when (silent.Code == Unreachable)
        {
            throw new XenApiTransportException(Failures.Describe(silent), silent);
        }
    }

    private static async Task DisposeAsync(XenApiClient? api)
    {
        if (api is not null)
        {
            await api.DisposeAsync();
        }
    }
}
