using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Keeps a VM from running at two places that share no storage: before it starts, every site that this pool knows is asked. A site asks
/// back in the same way, and each has noted its own start before it asks (<see cref="Operations"/>), so that of two who start one VM at the
/// same moment at least one is refused. A pool that knows no sites asks nobody.
/// </summary>
internal sealed class KnownSites(PoolServices pool, RecoveredElsewhere elsewhere)
{
    private static readonly ImmutableHashSet<VmOperations> Starting =
    [
        VmOperations.Start, VmOperations.StartOn, VmOperations.Resume, VmOperations.ResumeOn, VmOperations.PoolMigrate,
        VmOperations.MigrateSend,
    ];

    private readonly SiteStatements _statements = new(pool.Time);

    /// <summary>Checks that no other site runs the VM or has a newer copy, as the storage and the sites themselves tell.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="isStart">Whether it is started now, by which what was stated for that is used up, and people are told so.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="XenApiException">
    /// <c>VM_RUNS_ELSEWHERE</c>, <c>VM_RECOVERED_ELSEWHERE</c>; <c>VM_MAY_RUN_ELSEWHERE</c>: a site can't be asked, and nobody has stated
    /// that it is dead.
    /// </exception>
    public async Task RequireNotAsync(Ref<VmRecord> vm, bool isStart, CancellationToken cancellationToken)
    {
        await elsewhere.RequireNotAsync(vm, cancellationToken);
        if (pool.AskSites is not { } ask)
        {
            return;
        }

        var answers = await ask(pool.State.Get(vm).Uuid, cancellationToken);
        if (answers.IsEmpty)
        {
            return;
        }

        var record = pool.State.Get(vm);
        var stated = isStart ? _statements.Take(vm) : _statements.Of(vm);
        Judge(vm, record, answers, [.. stated.Select(s => s.Site)]);
        if (!isStart)
        {
            return;
        }

        foreach (var statement in stated.Where(s => answers.Any(a => a.Silence is not null && a.Site == s.Site)))
        {
            await pool.PostAsync(
                new Announcement.StartedOnStatement(record.Uuid, record.NameLabel, statement.Site, statement.By, statement.Words));
        }
    }

    /// <summary>Whether the VM may start, by what the sites said. Pure.</summary>
    internal static void Judge(
        Ref<VmRecord> reference, VmRecord vm, ImmutableArray<SiteAnswer> answers, ImmutableHashSet<string> statedDead)
    {
        if (answers.FirstOrDefault(a => a.Vm is { } there && IsAlive(there)) is { } running)
        {
            throw new XenApiException("VM_RUNS_ELSEWHERE", reference.Opaque, running.Site, running.PoolUuid, running.PoolName);
        }

        if (answers.Where(a => a.Vm is not null).MaxBy(a => a.Vm!.Version) is { } newest && newest.Vm!.Version > vm.Version)
        {
            throw new XenApiException("VM_RECOVERED_ELSEWHERE", reference.Opaque, newest.PoolUuid, newest.PoolName, $"{newest.Vm.Version}");
        }

        if (answers.FirstOrDefault(a => a.Silence is not null && !statedDead.Contains(a.Site)) is { } silent)
        {
            throw new XenApiException(
                "VM_MAY_RUN_ELSEWHERE", reference.Opaque, silent.Site, silent.PoolUuid, silent.PoolName, silent.Silence!);
        }
    }

    /// <summary>Whether a VM runs, or is about to.</summary>
    internal static bool IsAlive(VmRecord vm) =>
        vm.PowerState is VmPowerState.Running or VmPowerState.Paused || vm.CurrentOperations.Values.Any(Starting.Contains);

    /// <summary>The site that has the newest copy of a VM, of those that answer; null if none has one.</summary>
    public async Task<SiteAnswer?> NewestAsync(string vmUuid, CancellationToken cancellationToken)
    {
        var answers = pool.AskSites is { } ask ? await ask(vmUuid, cancellationToken) : [];
        return answers.Where(a => a.Vm is not null).MaxBy(a => a.Vm!.Version);
    }

    /// <summary>Starts VMs of which some wait for others, with what has been stated for all of them.</summary>
    public async Task WithStatementsAsync(IReadOnlyCollection<Ref<VmRecord>> vms, Func<Task> start)
    {
        _statements.Hold(vms);
        try
        {
            await start();
        }
        finally
        {
            _statements.LetGo(vms);
        }
    }

    /// <summary>Notes for the next start of a VM that a site which can't be asked is dead.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: no words; <c>DR_SITE_UNKNOWN</c>.</exception>
    public void StateDead(Ref<VmRecord> vm, string site, string words, string by)
    {
        if (string.IsNullOrWhiteSpace(words))
        {
            throw new XenApiException("INVALID_VALUE", "statement", words);
        }

        pool.State.Get(vm);
        var known = pool.Sites().FirstOrDefault(s => s.IsNamed(site)) ?? throw new XenApiException("DR_SITE_UNKNOWN", site);
        _statements.Add(new(vm, known.Site, words, by, pool.Time.GetUtcNow()));
    }
}
