using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// The sessions of a run: in the target, in the source, and on foreign databases. Each is opened when it is needed first, shared by the
/// steps, and ended with <see cref="ResetAsync"/>; a run that goes on later opens them anew.
/// </summary>
internal sealed class RunPools(RunEngineConfig config) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<(string Volume, string At), XenApiClient> _foreign = [];
    private readonly HashSet<string> _lacking = [];
    private readonly Dictionary<string, XenApiClient> _sources = [];
    private XenApiClient? _target;

    /// <summary>Whether the target answered that it does not have a message.</summary>
    public bool Lacks(string message) => _lacking.Contains(message);

    public void NoteLack(string message) => _lacking.Add(message);

    public async Task<XenApiClient> TargetAsync(RunState state, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _target ??= await config.Connect(state.Request.Target, state.Operator, cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A source: the site that is known to be this pool, or else the one that the request names.</summary>
    /// <exception cref="StepFailedException">There is no way to ask that pool.</exception>
    public async Task<XenApiClient> SourceAsync(RunState state, PlanObject pool, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_sources.TryGetValue(pool.Uuid, out var source))
            {
                var site = state.Request.Sources.GetValueOrDefault(pool.Uuid) ?? state.Request.Source ?? throw new StepFailedException($"{pool.Describe()} must be asked, but the request names no source. Add the pool as a site, and name it as the source.");
                source = await config.Connect(site, state.Operator, cancellationToken);
                try
                {
                    var there = (await source.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.Single().Uuid;
                    if (there != pool.Uuid)
                    {
                        throw new StepFailedException(
                            $"The source {site} is another pool ({there}) than {pool.Describe()} ({pool.Uuid}). Add that pool as a site (dr-site-add), and plan again.");
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
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_foreign.TryGetValue((volumeUuid, at ?? ""), out var foreign))
            {
                var vdi = await target.CallAsync<Ref<VdiRecord>>("VDI.get_by_uuid", [volumeUuid], cancellationToken);
                var session = at is null
                    ? await target.CallAsync<Ref<SessionRecord>>("VDI.open_database", [vdi], cancellationToken)
                    : await target.CallAsync<Ref<SessionRecord>>("VDI.open_database_at", [vdi, at], cancellationToken);
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
        await DisposeAsync(_target);
        _target = null;
    }

    public async ValueTask DisposeAsync()
    {
        await ResetAsync();
        _gate.Dispose();
    }

    private static async Task DisposeAsync(XenApiClient? api)
    {
        if (api is not null)
        {
            await api.DisposeAsync();
        }
    }
}
