using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Looks at the known sites again and again. What this pool has recovered is handed over at a site as soon as that answers: blocked there,
/// so that a source which comes back can't start what runs here. What runs at both is told at both, at once. How often a site is looked at
/// depends on how long that takes, so that large pools are not kept busy by it.
/// </summary>
internal sealed class SiteWatch(
    PoolServices pool, Sites sites, SiteAsks asks, Func<RunEngine> engine, ILogger<SiteWatch> log) : IAsyncDisposable
{
    /// <summary>The time between two looks, at least.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    // A look costs at most a twentieth of the time.
    private const int Share = 20;
    private static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Site, DateTimeOffset> _next = new();
    private readonly ConcurrentDictionary<Site, ImmutableArray<VmRecord>> _twice = new();
    private readonly ConcurrentDictionary<Site, string> _failures = new();
    private readonly ConcurrentDictionary<Site, TimeSpan> _clocks = new();
    private readonly ConcurrentDictionary<Site, SiteSight> _sights = new();

    // Who has been told at the site of which VM that it runs twice, as long as it does.
    private readonly ConcurrentDictionary<Site, ImmutableHashSet<string>> _told = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>What is wrong now.</summary>
    public IEnumerable<Problem> Problems => InOrder(_twice).SelectMany(t => t.Value.Select(v => (Problem)new Problem.RunsTwice(v, t.Key)))
        .Concat(InOrder(_failures).Select(f => new Problem.SiteUnkept(f.Key, f.Value)))
        .Concat(InOrder(_clocks).Select(c => new Problem.SiteClock(c.Key, c.Value)));

    /// <summary>What the sites had when they were looked at last; of one that never answered, nothing.</summary>
    public IEnumerable<SiteSight> Sights => InOrder(_sights).Select(s => s.Value);

    /// <summary>Begins to look.</summary>
    public void Start() => _loop = Task.Run(LoopAsync, CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    /// <summary>Looks at the sites whose time has come.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var known = sites.All.ToHashSet();
        foreach (var removed in _next.Keys.Concat(_twice.Keys).Concat(_failures.Keys).Where(s => !known.Contains(s)).ToList())
        {
            _next.TryRemove(removed, out _);
            _twice.TryRemove(removed, out _);
            _told.TryRemove(removed, out _);
            _failures.TryRemove(removed, out _);
            _clocks.TryRemove(removed, out _);
            _sights.TryRemove(removed, out _);
        }

        await Task.WhenAll(known.Where(s => _next.GetValueOrDefault(s) is var next && (pool.Time.GetUtcNow() >= next || next - pool.Time.GetUtcNow() > TimeSpan.FromHours(1)))
            .Select(s => LookAsync(s, cancellationToken)));
    }

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                await LookAsync(_stop.Token);
                await Task.Delay(Pause, pool.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The daemon stops.
        }
    }

    private async Task LookAsync(Site site, CancellationToken cancellationToken)
    {
        var begun = pool.Time.GetTimestamp();
        using var limit = new CancellationTokenSource(LookLimit, pool.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var theirs = await asks.WithAsync(site, api => CompareAsync(site, api, both.Token), both.Token);
            await asks.WithAsync(site, api => CompareClocksAsync(site, api, both.Token), both.Token);
            await asks.WithAsync(site, api => SeeAsync(site, api, theirs, both.Token), both.Token);
            _failures.TryRemove(site, out _);
        }
        catch (Exception silent) when (silent is XenApiTransportException or XenApiException { Code: "DR_SITE_UNREACHABLE" or "DR_SITE_UNKNOWN" or "SESSION_INVALID" }
            || (silent is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is silent, which dr-status says; what ran twice when it was last heard is still an alarm.
            if (_sights.TryGetValue(site, out var last))
            {
                _sights[site] = last with { IsSilent = true };
            }
        }
        catch (XenApiException refused)
        {
            _failures[site] = $"it can't be kept from starting what runs here: {refused.Code} {string.Join(", ", refused.Parameters)}".TrimEnd();
        }
        catch (Exception broken) when (broken is not OperationCanceledException)
        {
            log.LogError(broken, "Site {Site} could not be looked at", site.Name);
            _failures[site] = $"it could not be looked at: {broken.Message}";
        }

        _next[site] = pool.Time.GetUtcNow() + (pool.Time.GetElapsedTime(begun) * Share);
    }

    // Last of all: what nobody can draw must keep nobody from being told what runs twice.
    private async Task<bool> SeeAsync(
        Site site, XenApiClient api, IReadOnlyDictionary<Ref<VmRecord>, VmRecord> theirs, CancellationToken cancellationToken)
    {
        var hosts = await api.GetAllRecordsAsync<HostRecord>(cancellationToken);
        var srs = await api.GetAllRecordsAsync<SrRecord>(cancellationToken);
        _sights[site] = new(site, PoolSight.Of(hosts, theirs.Values, srs.Values), pool.Time.GetUtcNow(), false);
        return true;
    }

    /// <summary>Compares the VMs of both; answers theirs.</summary>
    private async Task<IReadOnlyDictionary<Ref<VmRecord>, VmRecord>> CompareAsync(
        Site site, XenApiClient api, CancellationToken cancellationToken)
    {
        var theirs = await api.GetAllRecordsAsync<VmRecord>(cancellationToken);
        var found = SiteComparison.Of(pool.State.All<VmRecord>().Select(v => v.Record), theirs);
        await AlarmAsync(site, api, found.Twice, theirs, cancellationToken);

        // A run knows best what it does with its source, and takes back what it has done itself.
        if (found.ToHandOver.IsEmpty || engine().List().Any(r => !r.Phase.IsFinal()))
        {
            return theirs;
        }

        var here = pool.State.Get(pool.Pool);
        var runs = engine().List().Select(r => engine().Find(r.Uuid)).OfType<RunRecord>()
            .Where(r => r.Plan.Kind != RecoveryKind.Test).ToList();
        foreach (var (ours, there) in found.ToHandOver)
        {
            var run = runs.Find(r => r.Vms.Any(v => v.Vm.Uuid == ours.Uuid && v.RecoveredAt is not null));
            var name = $"pool {here.NameLabel} ({here.Uuid})";
            var reason = run is null ? HandOverMark.Reason(name) : HandOverMark.Reason(name, run.Uuid);
            var blocked = theirs[there].BlockedOperations;
            foreach (var operation in HandOverMark.Operations.Where(o => !blocked.ContainsKey(o)))
            {
                await api.Vm.AddToBlockedOperationsAsync(there, operation, reason, cancellationToken);
            }

            await pool.PostAsync(new Announcement.HandedOver(
                ours.Uuid,
                $"Site {site.Name} (pool {site.PoolName}) answers, and has an older copy of {ours.NameLabel} (version "
                + $"{theirs[there].Version}, here {ours.Version}). It does not start that copy any more."));
        }

        return theirs;
    }

    // Once for each time that it begins, here and there: whichever side people look at. That the site takes no message keeps nobody from
    // being told here.
    private async Task AlarmAsync(
        Site site, XenApiClient api, ImmutableArray<VmRecord> twice, IReadOnlyDictionary<Ref<VmRecord>, VmRecord> theirs,
        CancellationToken cancellationToken)
    {
        var before = _twice.TryGetValue(site, out var known) ? known.Select(v => v.Uuid).ToHashSet() : [];
        if (twice.IsEmpty)
        {
            _twice.TryRemove(site, out _);
        }
        else
        {
            _twice[site] = twice;
        }

        foreach (var vm in twice.Where(v => !before.Contains(v.Uuid)))
        {
            await pool.PostAsync(new Announcement.RunsTwice(vm.Uuid, ProblemSentences.Of(new Problem.RunsTwice(vm, site))));
        }

        var here = pool.State.Get(pool.Pool);
        var told = _told.GetValueOrDefault(site, []).Intersect(twice.Select(v => v.Uuid));
        _told[site] = told;
        foreach (var vm in twice.Where(v => !told.Contains(v.Uuid)))
        {
            var there = theirs.Values.First(v => v.Uuid == vm.Uuid);
            var alarm = new Announcement.RunsTwice(
                vm.Uuid,
                $"{there.NameLabel} ({vm.Uuid}) runs here (version {there.Version}) and in pool {here.NameLabel} ({here.Uuid}, version "
                + $"{vm.Version}) as well. "
                + "Each writes to its own disks, and their data part. Decide which of them is right, and shut the other down now.");
            await api.Message.CreateAsync(alarm.Name, alarm.Priority, alarm.About, alarm.Uuid, alarm.Text, cancellationToken);
            _told[site] = told = told.Add(vm.Uuid);
        }
    }

    // What the answer took to come is not the clock's.
    private async Task<bool> CompareClocksAsync(Site site, XenApiClient api, CancellationToken cancellationToken)
    {
        var host = (await api.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First().Master;
        var asked = pool.Time.GetUtcNow();
        var there = await api.Host.GetServertimeAsync(host, cancellationToken);
        var answered = pool.Time.GetUtcNow();
        if (Clocks.IsAhead(there, answered))
        {
            _clocks[site] = there - answered;
        }
        else if (Clocks.IsAhead(asked, there))
        {
            _clocks[site] = there - asked;
        }
        else
        {
            _clocks.TryRemove(site, out _);
        }

        return true;
    }

    private static IEnumerable<KeyValuePair<Site, T>> InOrder<T>(ConcurrentDictionary<Site, T> found) =>
        found.OrderBy(f => f.Key.Name, StringComparer.Ordinal);
}
