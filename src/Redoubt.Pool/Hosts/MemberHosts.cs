using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Has VMs run on the other hosts of the pool: a link to each that the database knows, with what is kept up of a host's guests. A member
/// that does not answer keeps its VMs as they were last seen.
/// </summary>
internal sealed class MemberHosts : IAsyncDisposable
{
    /// <summary>The key of a host's <c>other_config</c> under which stands where its daemon was last reached.</summary>
    public const string AddressKey = "member-address";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1);

    private readonly PoolServices _pool;
    private readonly OpenMember _open;
    private readonly Func<HostLink, GuestWatch> _watch;
    private readonly Dictionary<Ref<HostRecord>, Member> _members = [];
    private readonly Worker _worker;
    private readonly IDisposable _subscription;

    /// <summary>Begins.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="open">Opens one.</param>
    /// <param name="watch">Follows the guests of one.</param>
    public MemberHosts(PoolServices pool, OpenMember open, Func<HostLink, GuestWatch> watch)
    {
        (_pool, _open, _watch) = (pool, open, watch);
        _worker = new(
            "The look at which hosts the pool has", Period, pool.Time, pool.Loggers.CreateLogger<MemberHosts>(), isFirstAtOnce: true,
            FollowAsync);
        _subscription = pool.Database.Subscribe(Take);
    }

    /// <summary>Lets all of them go; their guests run on.</summary>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        await _worker.DisposeAsync();
        await Task.WhenAll(_members.Values.Select(LetGoAsync));
    }

    private void Take(DatabaseState state, IReadOnlyList<Change> changes)
    {
        if (changes.Any(c => c.Before?.Record is HostRecord != c.After?.Record is HostRecord))
        {
            _worker.Wake();
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var known = _pool.State.All<HostRecord>().Select(h => h.Ref).Where(h => h != _pool.Hosts.Local.Host).ToHashSet();
        foreach (var (host, member) in _members.Where(m => !known.Contains(m.Key)).ToList())
        {
            _members.Remove(host);
            await LetGoAsync(member);
        }

        foreach (var host in known.Where(h => !_members.ContainsKey(h)))
        {
            var link = new HostLink(
                host,
                HypervisorLink.Begin(
                    _pool.State.Get(host).NameLabel, stopping => OpenAsync(host, stopping), AgainAfter, _pool.Time,
                    _pool.Loggers.CreateLogger<HypervisorLink>()),
                new AttachedSrs(), null);
            var member = new Member(link, _watch(link), new GuestAnswers(_pool, link), new GuestReports(_pool, link));
            _members[host] = member;
            _pool.Hosts.Add(link);
            await member.Watch.StartAsync(cancellationToken);
            member.Answers.Start();
            member.Reports.Start();
        }
    }

    private async Task<IHypervisor> OpenAsync(Ref<HostRecord> host, CancellationToken cancellationToken)
    {
        var record = _pool.State.Get(host);
        return record.OtherConfig.GetValueOrDefault(AddressKey) is { Length: > 0 } address
            ? await _open(host, record.Uuid, address, cancellationToken)
            : throw new HypervisorException(
                HypervisorFailure.ConnectionFailed, record.NameLabel, $"The host {record.NameLabel} has not been heard of yet.",
                "Start its daemon.");
    }

    private async Task LetGoAsync(Member member)
    {
        _pool.Hosts.Remove(member.Link);
        await member.Answers.DisposeAsync();
        await member.Reports.DisposeAsync();
        await member.Watch.DisposeAsync();
        await member.Link.DisposeAsync();
    }

    private sealed record Member(HostLink Link, GuestWatch Watch, GuestAnswers Answers, GuestReports Reports);
}
