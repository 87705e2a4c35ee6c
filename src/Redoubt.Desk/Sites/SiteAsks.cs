using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Asks the known sites about a VM before it starts here. They are asked at once, and each has the same short limit, so a start waits for
/// one silent site no longer than for ten. The sessions are kept: a start asks two small questions and does not log in. That a VM is off
/// at a site is never kept, for it may be started there the moment after; that a site is silent is, for a moment, since it only refuses.
/// </summary>
internal sealed class SiteAsks(PoolServices pool, Sites sites) : IAsyncDisposable
{
    /// <summary>How long a site may take to answer.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>For how long a site that was silent is not asked again.</summary>
    public static readonly TimeSpan SilenceLasts = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<Site, Task<XenApiClient>> _clients = [];
    private readonly ConcurrentDictionary<Task, bool> _leaving = new();
    private readonly ConcurrentDictionary<Site, (DateTimeOffset At, string Reason)> _silent = new();

    /// <summary>The sites, as answers that nobody has given yet.</summary>
    public ImmutableArray<SiteAnswer> Known => [.. sites.All.Select(s => Answer(s, null, null))];

    /// <summary>Asks all of them.</summary>
    public async Task<ImmutableArray<SiteAnswer>> AskAsync(string vmUuid, CancellationToken cancellationToken) =>
        [.. await Task.WhenAll(sites.All.Select(site => AskAsync(site, vmUuid, cancellationToken)))];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var site in Connected())
        {
            Drop(site);
        }

        await Task.WhenAll(_leaving.Keys);
    }

    private async Task<SiteAnswer> AskAsync(Site site, string vmUuid, CancellationToken cancellationToken)
    {
        if (_silent.TryGetValue(site, out var silent) && pool.Time.GetUtcNow() - silent.At is var ago && ago >= TimeSpan.Zero
            && ago < SilenceLasts)
        {
            return Answer(site, silent.Reason, null);
        }

        using var limit = new CancellationTokenSource(Limit, pool.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        string reason;
        try
        {
            var vm = await WithAsync(site, api => FindAsync(api, vmUuid, both.Token), both.Token);
            _silent.TryRemove(site, out _);
            return Answer(site, null, vm);
        }
        catch (XenApiException refused)
        {
            reason = refused.Code == "DR_SITE_UNREACHABLE"
                ? refused.Parameters[1]
                : $"{refused.Code} {string.Join(", ", refused.Parameters)}".TrimEnd();
        }
        catch (XenApiTransportException broken)
        {
            reason = broken.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            reason = $"there was no answer within {Limit.TotalSeconds:0} s";
        }

        Drop(site);
        _silent[site] = (pool.Time.GetUtcNow(), reason);
        return Answer(site, reason, null);
    }

    /// <summary>Has somebody ask in the kept session, which they must not end.</summary>
    /// <exception cref="XenApiException"><c>DR_SITE_UNREACHABLE</c>, or the site refuses.</exception>
    /// <exception cref="XenApiTransportException">It does not answer.</exception>
    public async Task<T> WithAsync<T>(Site site, Func<XenApiClient, Task<T>> ask, CancellationToken cancellationToken)
    {
        // A kept session may have ended, and a kept connection with the site's last daemon, without the site being any the worse.
        var isKept = Connected().Contains(site);
        try
        {
            return await ask(await ConnectAsync(site, cancellationToken));
        }
        catch (Exception ended) when (isKept
            && ended is XenApiTransportException or XenApiException { Code: "SESSION_INVALID" or "DR_SITE_UNREACHABLE" })
        {
            Drop(site);
            return await ask(await ConnectAsync(site, cancellationToken));
        }
    }

    // Shared by all who ask meanwhile, so not with the token of the first of them; it has a limit of its own.
    private async Task<XenApiClient> ConnectAsync(Site site, CancellationToken cancellationToken)
    {
        Task<XenApiClient>? client;
        lock (_gate)
        {
            if (!_clients.TryGetValue(site, out client))
            {
                _clients[site] = client = OpenAsync(site);
            }
        }

        try
        {
            return await client.WaitAsync(cancellationToken);
        }
        catch (Exception) when (client.IsFaulted)
        {
            Drop(site);
            throw;
        }
    }

    // What fails before anything is sent is an answer that can be waited for like any other.
    private async Task<XenApiClient> OpenAsync(Site site) => await sites.ConnectAsync(site.Name, CancellationToken.None);

    private static async Task<VmRecord?> FindAsync(XenApiClient api, string vmUuid, CancellationToken cancellationToken)
    {
        Ref<VmRecord> vm;
        try
        {
            vm = await api.Vm.GetByUuidAsync(vmUuid, cancellationToken);
        }
        catch (XenApiException unknown) when (unknown.Code == "UUID_INVALID")
        {
            return null;
        }

        try
        {
            var record = await api.Vm.GetRecordAsync(vm, cancellationToken);
            return record is { IsATemplate: true } or { IsASnapshot: true } ? null : record;
        }
        catch (XenApiException gone) when (gone.Code == "HANDLE_INVALID")
        {
            return null;
        }
    }

    // A silent site is not waited for once more to say goodbye to it.
    private void Drop(Site site)
    {
        Task<XenApiClient>? client;
        lock (_gate)
        {
            if (!_clients.Remove(site, out client))
            {
                return;
            }
        }

        var leaving = LeaveAsync(client);
        _leaving[leaving] = true;
        _ = leaving.ContinueWith(
            left => _leaving.TryRemove(left, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private ImmutableArray<Site> Connected()
    {
        lock (_gate)
        {
            return [.. _clients.Keys];
        }
    }

    private static async Task LeaveAsync(Task<XenApiClient> connecting)
    {
        try
        {
            await (await connecting).DisposeAsync();
        }
        catch (Exception never) when (never is XenApiException or XenApiTransportException)
        {
            // It never was a session, or it has ended by itself.
        }
    }

    private static SiteAnswer Answer(Site site, string? silence, VmRecord? vm) => new(site.Name, site.PoolUuid, site.PoolName, silence, vm);
}
