using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Recovery as the daemon offers it: it plans, has the engine carry plans out, and keeps what both need (other sites, saved plans,
/// schedules). The messages of the class <c>recovery</c> and the console are its two callers; whoever calls is checked here, so that
/// neither can do more than the other.
/// <code>
///  recovery.* ─┐                 ┌─► PlanMaker: InventoryReader, Planner ─┐
///  console    ─┴► RecoveryService┤                                        ├─XenAPI─► this pool (LocalPool), sites
///                                └─► RunEngine (runs.db)                 ─┘
/// </code>
/// </summary>
public sealed class RecoveryService : IAsyncDisposable
{
    private readonly PoolServices _pool;
    private readonly LocalPool _local;
    private readonly Operators _operators;
    private readonly Sites _sites;
    private readonly SavedPlans _plans;
    private readonly Schedules _schedules;
    private readonly SiteAsks _asks;
    private readonly PlanMaker _maker;
    private readonly SiteWatch _watch;
    private readonly TargetWatch _targets;
    private readonly Approvals _approvals;
    private RunEngine? _engine;

    private RecoveryService(
        PoolServices pool, LocalPool local, Operators operators, Sites sites, SavedPlans plans, Schedules schedules, ILoggerFactory loggers)
    {
        (_pool, _local, _operators, _sites, _plans, _schedules) = (pool, local, operators, sites, plans, schedules);
        _asks = new SiteAsks(pool, sites);
        _maker = new PlanMaker(pool, local, sites, _asks);
        _watch = new SiteWatch(pool, sites, _asks, () => Engine, loggers.CreateLogger<SiteWatch>());
        _targets = new TargetWatch(pool, JudgeTargets, loggers.CreateLogger<TargetWatch>());
        _approvals = Approvals.Open(pool);
        pool.Guard = (act, subject, what, session) => _ = local.IsOurs(session) ? null : _approvals.Take(act, subject, what, session.Owner);
        pool.Sites = () => _asks.Known;
        pool.AskSites = _asks.AskAsync;
    }

    /// <summary>
    /// What is wrong between this pool and its sites now: VMs that run at both, sites that can't be kept from it, clocks that differ.
    /// </summary>
    internal IEnumerable<Problem> SiteProblems => _watch.Problems;

    /// <summary>What is wrong now of what the daemon watches all the time: its own directory, the hypervisor, and the sites.</summary>
    public IEnumerable<Problem> WatchedProblems =>
        [.. Happening, .. _pool.IsKeyNowhereElse ? [new Problem.KeyNowhereElse()] : ImmutableArray<Problem>.Empty];

    // Of it any moment may tell: none of it goes through the database.
    private IEnumerable<Problem> Happening =>
    [
        .. DirectoryTrouble() is { } trouble ? [new Problem.DirectoryFails(trouble)] : ImmutableArray<Problem>.Empty,
        .. _pool.Hosts.All.Where(h => !h.IsMember).Select(h => h.State).OfType<LinkState.Lost>()
            .Select(lost => new Problem.HypervisorLost(lost.Why.Message)),
        .. Problems.OfHosts(
            _pool.State, [.. _pool.Hosts.All.Where(h => h is { IsMember: true, State: LinkState.Lost }).Select(h => h.Host)]),
        .. Problems.OfGuests(_pool.State, _pool.Hosts.Silence),
        .. SiteProblems,
        .. _approvals.Book.WaitingAt(_pool.Time.GetUtcNow()).Select(r => new Problem.ApprovalWaits(r)),
    ];

    /// <summary>What is wrong with the daemon's own directory; null if nothing is.</summary>
    internal Func<string?> DirectoryTrouble { get; private init; } = () => null;

    /// <summary>Where the runs stand and what is watched, in a text that differs when they do.</summary>
    public string Mark => string.Join(
        ' ',
        (_engine?.List() ?? []).Select(r => $"{r.Uuid}:{r.Phase}:{r.VmsHealthy}:{r.VmsUnchecked}")
            .Concat(Happening.Select(ProblemSentences.Of)).Append($"{_pool.IsKeyHandedOut}")
            .Concat(_watch.Sights.Select(s => $"{s.Site.Name}:{s.IsSilent}:{s.Pool.Running}/{s.Pool.Total}")));

    /// <summary>The messages of the class <c>recovery</c>, for a <see cref="MessageTable"/>.</summary>
    public IMessageHandlers Messages => new RecoveryMessages(_pool, this);

    private string HooksDirectory => Path.Combine(_pool.DataDirectory, "hooks");

    private RunEngine Engine => _engine ?? throw new InvalidOperationException("Recovery has not been started.");

    /// <summary>Opens the desk of a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="api">Its API, for who is in this process.</param>
    /// <param name="directoryTrouble">What is wrong with the daemon's own directory now; null if nothing is.</param>
    /// <param name="loggers">Where the operator is told of what goes wrong.</param>
    /// <exception cref="InvalidDataException">A file of the daemon's directory is garbled.</exception>
    public static RecoveryService Open(PoolServices pool, OwnApi api, Func<string?> directoryTrouble, ILoggerFactory loggers)
    {
        var operators = Operators.Open(pool);
        return new(
            pool, new LocalPool(pool, operators, api), operators, new Sites(pool, SiteFile.Open(pool.Files)), new SavedPlans(pool),
            Schedules.Open(pool, loggers.CreateLogger<Schedules>()), loggers)
        {
            DirectoryTrouble = directoryTrouble,
        };
    }

    /// <summary>Takes up what an earlier daemon left behind, and begins with the schedules.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var config = new RunEngineConfig
        {
            Log = _pool.Loggers.CreateLogger<RunEngine>(),
            JournalPath = Path.Combine(_pool.DataDirectory, "runs.db"),
            Keep = write => _pool.Files.Keep(PoolAgreement.Runs, agreement => write(agreement is null ? null : Runs(agreement))),
            HooksDirectory = HooksDirectory,
            HealthDirectory = Path.Combine(_pool.DataDirectory, "health"),
            Connect = (site, by, token) => site is null ? _local.ConnectAsync(by, token) : _sites.ConnectAsync(site, token),
        };
        _engine = await RunEngine.OpenAsync(config, _pool.Time, cancellationToken);
        _pool.Files.Add(agreement => _engine.Lay(Runs(agreement)));
        await _schedules.SettlePlansAsync(_plans.Has);
        _schedules.Start(StartScheduledAsync, _engine.Find, FindStarted);
        _watch.Start();
        _targets.Start();
    }

    private static RunAgreement Runs(PoolAgreement agreement) => new(
        (number, events) => agreement.Entry(PoolAgreement.Runs, number, events),
        (number, events) => agreement.Whole(PoolAgreement.Runs, number, events));

    /// <summary>Says what a recovery would do; changes nothing.</summary>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public async Task<PlannedRecovery> PlanAsync(RecoveryRequest request, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "plan");
        return Planned(await _maker.MakeAsync(request, caller, cancellationToken));
    }

    /// <summary>
    /// Says what a recovery would do by what was read before (<see cref="ReadAsync"/>). Whoever starts it has everything read again, and
    /// is refused if that leads to another plan.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="facts">What was read for a request that looks at the same places (<see cref="RecoveryRequest.LooksWhere"/>).</param>
    /// <param name="caller">Who asks.</param>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public PlannedRecovery Plan(RecoveryRequest request, Inventory facts, SessionState caller)
    {
        Require(caller, "plan");
        return Planned(_maker.Make(request, facts));
    }

    private PlannedRecovery Planned((RecoveryRequest Request, RecoveryPlan Plan) made) =>
        new(made.Request.WithoutSecrets(), made.Plan, PlanDigest.Of(made.Plan), Engine.Forecast(made.Plan));

    /// <summary>How long a plan that somebody else has made should take, by the runs of this daemon.</summary>
    public PlanForecast Forecast(RecoveryPlan plan, SessionState caller)
    {
        Require(caller, "forecast");
        return Engine.Forecast(plan);
    }

    /// <summary>
    /// Reads what a plan would be made from, so that whoever changes a request can be shown by <see cref="Planner"/> what each change
    /// means, without anything being read again; changes nothing.
    /// </summary>
    /// <exception cref="XenApiException">Among others <c>DR_SITE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public async Task<Inventory> ReadAsync(RecoveryRequest request, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "plan");
        return await _maker.ReadAsync(request, caller, cancellationToken);
    }

    /// <summary>Plans once more and has the plan carried out, if it is still the one that the caller has seen.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="digest">The digest of the plan that the caller has seen.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Stops planning.</param>
    /// <returns>The run's UUID.</returns>
    /// <exception cref="XenApiException"><c>DR_PLAN_BLOCKED</c>, <c>DR_PLAN_CHANGED</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public async Task<string> StartAsync(RecoveryRequest request, string digest, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, request.Policy.Kind == RecoveryKind.Test ? "start_test" : "start");
        var (full, plan) = await _maker.MakeAsync(request, caller, cancellationToken);
        if (plan.IsBlocked)
        {
            throw new XenApiException(
                "DR_PLAN_BLOCKED",
                string.Join(", ", plan.Findings.Where(f => f.Severity == Severity.Block).Select(f => $"{f.Code} ({f.Object.Describe()})")));
        }

        if (PlanDigest.Of(plan) is var now && now != digest)
        {
            throw new XenApiException("DR_PLAN_CHANGED", $"its digest was {digest} and is {now}");
        }

        _operators.Remember(caller.Owner);

        // Every run of every caller is started here, and nowhere else.
        var taken = plan.Kind == RecoveryKind.Test ? null : _approvals.Take(
            plan.Kind == RecoveryKind.Failover ? GuardedAct.Failover : GuardedAct.Migration, PlanDigest.OfConsent(full, plan),
            $"start the {plan.Kind.ToString().ToLowerInvariant()} of {VmsOf(plan)} to pool {plan.Target.Name}"
                + (full.Plan is { } name ? $" by plan {name}" : ""),
            caller.Owner);
        full = full with
        {
            Approval = taken is null ? null : new(
                taken.Id, taken.DecidedBy ?? "", taken.DecidedAt ?? taken.At, taken.Statement ?? "", taken.IsOverride),
        };
        try
        {
            return await RefusedAsync(() => Engine.StartAsync(full, plan, caller.UserName, cancellationToken));
        }
        catch when (taken is not null)
        {
            _approvals.GiveBack(taken);
            throw;
        }
    }

    private static string VmsOf(RecoveryPlan plan) =>
        BriefText.Names("VMs", [.. plan.Choices.Where(c => c.Chosen is not null).Select(c => BriefText.Of(c.Vm.Name))]);

    /// <summary>What needs two persons, and the requests there were.</summary>
    public ApprovalBook ListApprovals(SessionState caller)
    {
        Require(caller, "get_approvals");
        return _approvals.Book;
    }

    /// <summary>Says what needs two persons from now on.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_NEEDED</c>: less than before needs two, and that does too.</exception>
    public void SetTwoPersons(ImmutableSortedSet<GuardedAct> acts, SessionState caller)
    {
        Require(caller, "set_two_persons");
        _approvals.SetGuarded(acts, caller.Owner);
    }

    /// <summary>Approves of what somebody else wants to do, or refuses it.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_UNKNOWN</c>, <c>DR_APPROVAL_OWN</c>.</exception>
    public void DecideApproval(string id, bool isApproved, string statement, SessionState caller)
    {
        Require(caller, isApproved ? "approve" : "refuse");
        _approvals.Decide(id, isApproved, statement, caller.Owner);
    }

    /// <summary>Takes on oneself what one has asked for.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public void OverrideApproval(string id, string statement, SessionState caller)
    {
        Require(caller, "override_approval");
        _approvals.Override(id, statement, caller.Owner);
    }

    /// <summary>All runs, the newest first.</summary>
    public IReadOnlyList<RunSummary> Runs(SessionState caller)
    {
        Require(caller, "get_runs");
        return Engine.List();
    }

    /// <summary>A run.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>.</exception>
    public RunRecord Run(string uuid, SessionState caller)
    {
        Require(caller, "get_run");
        return Find(uuid);
    }

    /// <summary>A run's latest state past a revision, and then at each change, until it is over.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>.</exception>
    public IAsyncEnumerable<RunRecord> Watch(string uuid, long afterRevision, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "wait_run");
        Find(uuid);
        return Engine.WatchAsync(uuid, afterRevision, cancellationToken);
    }

    /// <summary>The same without an end, for who stays: a run that is over may still be undone.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>.</exception>
    public IAsyncEnumerable<RunRecord> Follow(string uuid, long afterRevision, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "wait_run");
        Find(uuid);
        return Engine.FollowAsync(uuid, afterRevision, cancellationToken);
    }

    /// <summary>Has a run begin nothing new until somebody resumes, cancels or undoes it.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task PauseAsync(string uuid, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("pause", uuid, caller, by => Engine.PauseAsync(uuid, by, cancellationToken));

    /// <summary>Goes on with an interrupted or paused run.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task ResumeAsync(string uuid, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("resume", uuid, caller, by => Engine.ResumeAsync(uuid, by, cancellationToken));

    /// <summary>Takes a run back.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task UndoAsync(string uuid, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("undo", uuid, caller, by => Engine.UndoAsync(uuid, by, cancellationToken));

    /// <summary>Stops a run.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task CancelAsync(string uuid, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("cancel", uuid, caller, by => Engine.CancelAsync(uuid, by, cancellationToken));

    /// <summary>Answers a run's question.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task AnswerAsync(string uuid, string answer, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("answer", uuid, caller, by => Engine.AnswerAsync(uuid, answer, by, cancellationToken));

    /// <summary>Removes a test that was left up.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>, <c>DR_RUN_REFUSED</c>.</exception>
    public Task CleanUpTestAsync(string uuid, SessionState caller, CancellationToken cancellationToken) =>
        OrderAsync("clean_up_test", uuid, caller, by => Engine.CleanUpTestAsync(uuid, by, cancellationToken));

    /// <summary>A run's report, signed with the pool's key.</summary>
    /// <exception cref="XenApiException"><c>DR_RUN_UNKNOWN</c>.</exception>
    public string Report(string uuid, ReportFormat format, SessionState caller)
    {
        Require(caller, "get_report");
        Find(uuid);
        return Signed(Engine.Report(uuid, format), format);
    }

    /// <summary>What a month was, by the runs and messages that are kept, signed with the pool's key.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it is no month, or one that is still to come.</exception>
    public string Summary(string month, ReportFormat format, SessionState caller)
    {
        Require(caller, "get_summary");
        var (own, now) = (_pool.State.Get(_pool.Pool), _pool.Time.GetUtcNow());
        if (MonthReport.BoundsOf(month) is not var (from, to) || from > now)
        {
            throw new XenApiException("INVALID_VALUE", "month", $"{month} (a month that has begun, as 2026-11)");
        }

        var told = _pool.State.All<MessageRecord>().Select(m => m.Record).Where(m => m.Timestamp >= from && m.Timestamp < to)
            .OrderBy(m => m.Timestamp).ToList();
        return Signed(
            new MonthReport
            {
                Pool = new(ObjectKind.Pool, own.Uuid, own.NameLabel),
                Month = month,
                At = now,
                IsOver = to <= now,
                Runs = [.. Engine.List().Where(r => r.StartedAt >= from && r.StartedAt < to).OrderBy(r => r.StartedAt)],
                Targets = [.. JudgeTargets().Select(t => new MonthTarget(t.Describe(), t.Rpo, t.Rto))],
                TargetEvents = Events("DR_TARGET_", Announcement.TargetExceeded.Called),
                CopyEvents = Events("METADATA_LUN_", "METADATA_LUN_BROKEN"),
                OtherEvents = [.. Events("DR_TEST_", "").Concat(Events("DR_APPROVAL_", "")).OrderBy(e => e.At)],
            }.Write(format),
            format);

        ImmutableArray<MonthEvent> Events(string prefix, string bad) =>
        [
            .. told.Where(m => m.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(m => new MonthEvent(m.Timestamp, m.Body, m.Name == bad)),
        ];
    }

    private string Signed(string text, ReportFormat format) =>
        SignedText.Sign(text, format == ReportFormat.Json, _pool.State.Get(_pool.Pool).Uuid, _pool.MetadataKey);

    /// <summary>Adds a site. Somebody must be able to log in there now; its certificate is trusted from now on.</summary>
    /// <exception cref="XenApiException"><c>DR_SITE_EXISTS</c>, <c>DR_SITE_UNREACHABLE</c>, <c>INVALID_VALUE</c>.</exception>
    public Task<Site> AddSiteAsync(
        string name, string address, string user, string password, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "add_site");
        return _sites.AddAsync(name, address, user, password, caller.UserName, cancellationToken);
    }

    /// <summary>
    /// Changes where a site is reached, and by whom: the same pool still. Somebody must be able to log in there now, and the certificate
    /// that it shows is trusted from now on.
    /// </summary>
    /// <exception cref="XenApiException"><c>DR_SITE_UNKNOWN</c>, <c>DR_SITE_UNREACHABLE</c>, <c>INVALID_VALUE</c>: another pool
    /// answers there.</exception>
    public Task<Site> SetSiteAsync(
        string name, string address, string user, string password, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "set_site");
        return _sites.ChangeAsync(name, address, user, password, caller.UserName, cancellationToken);
    }

    /// <summary>The sites.</summary>
    public ImmutableArray<Site> ListSites(SessionState caller)
    {
        Require(caller, "get_sites");
        return [.. _sites.All];
    }

    /// <summary>What each site had when it was looked at last; of one that never answered, nothing.</summary>
    public ImmutableArray<SiteSight> SeenSites(SessionState caller)
    {
        Require(caller, "get_sites");
        return [.. _watch.Sights];
    }

    /// <summary>Whether each site answers.</summary>
    public Task<ImmutableArray<SiteTest>> TestSitesAsync(SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "get_sites");
        return _sites.TestAllAsync(cancellationToken);
    }

    /// <summary>Forgets a site.</summary>
    /// <exception cref="XenApiException"><c>DR_SITE_UNKNOWN</c>.</exception>
    public void RemoveSite(string name, SessionState caller)
    {
        Require(caller, "remove_site");
        _sites.Remove(name);
    }

    /// <summary>Saves a plan under a name in this pool's metadata, over whatever had that name.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: the name can't be used, or the request holds a password.</exception>
    public Task SavePlanAsync(string name, RecoveryRequest request, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "save_plan");
        return _plans.SaveAsync(name, request, caller.UserName, cancellationToken);
    }

    /// <summary>
    /// What a plan would be if it were saved under a name: all that was left out filled in, and without what is consented to anew at each
    /// recovery. Nothing is saved.
    /// </summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: it could not be saved so.</exception>
    public RecoveryRequest ReadPlan(string name, RecoveryRequest request, SessionState caller)
    {
        Require(caller, "read_plan");
        return _plans.AsSaved(name, request);
    }

    /// <summary>The saved plans.</summary>
    /// <param name="foreign">Whether those of other pools, on their metadata volumes that are attached here, are looked for too.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async Task<PlanCatalog> ListPlansAsync(bool foreign, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "get_plans");
        var own = _plans.Own();
        if (!foreign)
        {
            return own;
        }

        await using var api = _local.As(caller);
        var found = await _plans.ForeignAsync(api, cancellationToken);
        return new([.. own.Plans, .. found.Plans], [.. own.Problems, .. found.Problems]);
    }

    /// <summary>Forgets a saved plan.</summary>
    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>.</exception>
    public Task RemovePlanAsync(string name, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "remove_plan");
        return _plans.RemoveAsync(name, cancellationToken);
    }

    /// <summary>Gives a saved plan of this pool another name; its schedules test it under that, in the name of who made them.</summary>
    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>, <c>DR_PLAN_EXISTS</c>, <c>INVALID_VALUE</c>.</exception>
    public Task RenamePlanAsync(string name, string newName, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "rename_plan");
        _plans.RequireRenamable(name, newName);
        return _schedules.RenamePlanAsync(name, newName, () => _plans.RenameAsync(name, newName, cancellationToken));
    }

    /// <summary>Whether this pool has a saved plan of this name, readable or not.</summary>
    public bool HasPlan(string name, SessionState caller)
    {
        Require(caller, "get_plans");
        return _plans.Has(name);
    }

    /// <summary>The scripts that a plan can name as hooks, by name.</summary>
    public ImmutableArray<string> ListHooks(SessionState caller)
    {
        Require(caller, "list_hooks");
        var hooks = new DirectoryInfo(HooksDirectory);
        return hooks.Exists ? [.. hooks.EnumerateFiles().Select(f => f.Name).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Has a saved plan of this pool tested again and again, with the rights of the caller.</summary>
    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>, <c>DR_SCHEDULE_EXISTS</c>, <c>INVALID_VALUE</c>.</exception>
    public Task<Schedule> AddScheduleAsync(string name, string plan, string cron, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "add_schedule");
        _ = SavedPlan(plan);
        _operators.Remember(caller.Owner);
        return _schedules.AddAsync(name, plan, cron, caller.UserName, cancellationToken);
    }

    /// <summary>Changes what a schedule tests and when; from now on with the rights of the caller.</summary>
    /// <exception cref="XenApiException"><c>DR_PLAN_UNKNOWN</c>, <c>DR_SCHEDULE_UNKNOWN</c>, <c>INVALID_VALUE</c>.</exception>
    public Task<Schedule> SetScheduleAsync(string name, string plan, string cron, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "set_schedule");
        _ = SavedPlan(plan);
        _operators.Remember(caller.Owner);
        return _schedules.SetAsync(name, plan, cron, caller.UserName, cancellationToken);
    }

    /// <summary>The schedules.</summary>
    public ImmutableArray<Schedule> ListSchedules(SessionState caller)
    {
        Require(caller, "get_schedules");
        return [.. _schedules.All];
    }

    /// <summary>Ends a schedule.</summary>
    /// <exception cref="XenApiException"><c>DR_SCHEDULE_UNKNOWN</c>.</exception>
    public Task RemoveScheduleAsync(string name, SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "remove_schedule");
        return _schedules.RemoveAsync(name, cancellationToken);
    }

    /// <summary>How this pool stands: what is protected, how fresh it is, when it was tested, and what is wrong.</summary>
    public async Task<DrStatus> StatusAsync(SessionState caller, CancellationToken cancellationToken)
    {
        Require(caller, "get_status");
        await using var api = _local.As(caller);
        var reader = new DrStatusReader(_pool, api, _sites, _plans);
        return await reader.ReadAsync(caller, Engine.List(), [.. _schedules.All], JudgeTargets(), WatchedProblems, cancellationToken);
    }

    /// <summary>How plans, vApps and VMs stand to their targets: those that have any.</summary>
    public ImmutableArray<TargetStanding> Targets(SessionState caller)
    {
        Require(caller, "get_status");
        return JudgeTargets();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _schedules.DisposeAsync();
        await _targets.DisposeAsync();
        await _watch.DisposeAsync();
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        await _asks.DisposeAsync();

        _local.Dispose();
    }

    // Only the one that the caller may send is asked for, so that console and messages agree.
    private static void Require(SessionState caller, string message)
    {
        var (model, declared) = DataModel.FindMessage($"recovery.{message}")
            ?? throw new InvalidOperationException($"There is no message recovery.{message}.");
        RoleCheck.Require(caller, model, declared, []);
    }

    private static async Task<T> RefusedAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (RunRefusedException refused)
        {
            throw new XenApiException(refused, "DR_RUN_REFUSED", refused.Message);
        }
    }

    private ImmutableArray<TargetStanding> JudgeTargets()
    {
        var state = _pool.State;
        return TargetJudge.Judge(new()
        {
            Pool = state.Get(_pool.Pool),
            Protection = ProtectionFacts.Of(state, _pool.Pool),
            FindVm = state.Find,
            Appliances = [.. state.All<VmApplianceRecord>().Select(a => KeyValuePair.Create(a.Ref, a.Record))],
            CopyAges = CopyAges.Of(_pool),
            Plans = _plans.Own().Plans,
            Runs = Engine.List(),
            RtosOf = Engine.RtosOf,
        });
    }

    private RunRecord Find(string uuid) => Engine.Find(uuid) ?? throw new XenApiException("DR_RUN_UNKNOWN", uuid);

    private SavedPlan SavedPlan(string name)
    {
        try
        {
            return _plans.Find(name) ?? throw new XenApiException("DR_PLAN_UNKNOWN", name);
        }
        catch (FormatException garbled)
        {
            throw new XenApiException(garbled, "INVALID_VALUE", "plan", $"{name} ({garbled.Message})");
        }
    }

    private async Task OrderAsync(string message, string uuid, SessionState caller, Func<string, Task> order)
    {
        Require(caller, message);
        Find(uuid);
        _operators.Remember(caller.Owner);
        await RefusedAsync(async () =>
        {
            await order(caller.UserName);
            return true;
        });
    }

    // A daemon that died before it had noted the run that it started finds that again.
    private string? FindStarted(Schedule schedule, DateTimeOffset since) => Engine.List().LastOrDefault(r =>
        r.Kind == RecoveryKind.Test && r.PlanName == schedule.Plan && r.PlanPool == _pool.State.Get(_pool.Pool).Uuid
            && r.StartedBy == schedule.CreatedBy
        && r.StartedAt >= since)?.Uuid;

    private async Task<string> StartScheduledAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var caller = await _local.SessionAsync(schedule.CreatedBy, cancellationToken);
        var saved = SavedPlan(schedule.Plan).Request;
        var request = saved with { KeepTest = false, Policy = saved.Policy with { Kind = RecoveryKind.Test } };
        var planned = await PlanAsync(request, caller, cancellationToken);
        return await StartAsync(request, planned.Digest, caller, cancellationToken);
    }
}
