using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>A run of one kind in a fake world of its own, with an engine that can be let die and be born again.</summary>
internal sealed class FaultScene : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-runs-").FullName;
    private Action<RunEvent, bool>? _watch;

    private FaultScene(FakeWorld world, RecoveryRequest request)
    {
        World = world;
        Request = request;
        Before = (world.Source.Describe(), world.Target.Describe());
    }

    public FakeWorld World { get; }

    public RecoveryRequest Request { get; set; }

    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Connects to the source in another way; null for the usual one.</summary>
    public Func<Task<XenApiClient>>? ConnectSource { get; set; }

    public (string Source, string Target) Before { get; }

    public RunEngine Engine { get; private set; } = null!;

    public string? Uuid { get; private set; }

    /// <summary>Sites besides "primary", by name.</summary>
    public Dictionary<string, FakePool> MoreSites { get; } = [];

    public string JournalPath => Path.Combine(_directory, "runs.db");

    /// <summary>How many events the journals were asked to write.</summary>
    public int Writes { get; private set; }

    public RunRecord Run => Engine.Find(Uuid!)!;

    public static FaultScene Make(RecoveryKind kind)
    {
        var isOrderly = kind is RecoveryKind.Migration or RecoveryKind.Failback;
        var world = FakeWorld.Make(sourceRuns: isOrderly || kind == RecoveryKind.Test, olderHere: kind == RecoveryKind.Failback);
        return new(world, new RecoveryRequest
        {
            Policy = new()
            {
                Kind = kind,
                IsSourceDead = kind == RecoveryKind.Failover,
                Resolve = ["sr-missing"],
                Limits = new() { HealthTimeout = TimeSpan.FromSeconds(20) },
            },
            Source = isOrderly ? "primary" : null,
        });
    }

    /// <summary>A failover from a XenServer's storage, whose disks are copied.</summary>
    public static FaultScene MakeCopying()
    {
        var made = Make(RecoveryKind.Failover);
        made.World.HaveVhds();
        return new(made.World, made.Request);
    }

    public async Task<RecoveryPlan> PlanAsync()
    {
        await using var api = World.Target.Connect();
        var asked = (Request.Source is null ? [] : new[] { "primary" }).Concat(MoreSites.Keys);
        ImmutableArray<OtherPool> others = [.. asked.Select(name => new OtherPool(name, _ => Task.FromResult(Site(name).Connect())))];
        var plan = Planner.Plan(
            Request.Policy,
            await new InventoryReader(api, TimeProvider.System, TimeSpan.FromSeconds(10))
                .ReadAsync(Request.ToInventoryRequest(others), RealSite.Cancel));
        Assert.False(plan.IsBlocked, plan.ToText());
        return plan;
    }

    /// <summary>Opens the journal with a new engine.</summary>
    /// <param name="dieAt">The write at which it dies, from 1; 0 for never.</param>
    /// <param name="isAfter">Whether the event is on disk when it dies.</param>
    public async Task OpenAsync(int dieAt = 0, bool isAfter = false)
    {
        var count = 0;
        _watch = (happened, isWritten) =>
        {
            Writes += isWritten ? 0 : 1;
            count += isWritten == isAfter ? 1 : 0;
            if (count == dieAt && isWritten == isAfter)
            {
                throw new IOException($"killed at write {dieAt}, {(isAfter ? "after" : "before")} {happened.GetType().Name}");
            }
        };
        Engine = await RunEngine.OpenAsync(
            new()
            {
                JournalPath = JournalPath,
                HooksDirectory = NewDirectory("hooks"),
                HealthDirectory = NewDirectory("health"),
                PollInterval = PollInterval,
                ShutdownLimit = TimeSpan.FromSeconds(5),
                Connect = (site, _, _) =>
                    site is null
                        ? Task.FromResult(World.Target.Connect())
                        : ConnectSource?.Invoke() ?? Task.FromResult(Site(site).Connect()),
            },
            World.Time, (e, w) => _watch(e, w), RealSite.Cancel);
    }

    /// <summary>Puts a script there; without its text, one that ends well.</summary>
    public void AddScript(string directory, string name, string text = "exit 0")
    {
        var path = Path.Combine(NewDirectory(directory), name);
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Starts an engine and the run, and follows that to its end.</summary>
    public async Task<RunRecord> RunAsync()
    {
        await OpenAsync();
        Assert.True(await StartAsync());
        return await FollowAsync();
    }

    /// <summary>Starts the run; false if the engine died of it.</summary>
    public async Task<bool> StartAsync(RecoveryPlan? plan = null)
    {
        try
        {
            Uuid = await Engine.StartAsync(Request, plan ?? await PlanAsync(), "ann", RealSite.Cancel);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>
    /// Follows the run to its end, or to where it can't go on by itself. Whatever it asks is answered with the first answer.
    /// </summary>
    public async Task<RunRecord> FollowAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(RealSite.Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        RunRecord? last = null;
        try
        {
            await foreach (var record in Engine.WatchAsync(Uuid!, 0, limit.Token))
            {
                last = record;
                if (record.Phase.IsFinal() || record.Phase is RunPhase.Interrupted or RunPhase.Paused)
                {
                    await Engine.SettleAsync(Uuid!).WaitAsync(limit.Token);
                    return record;
                }

                if (record.Question is { } question)
                {
                    await AnswerAsync(question.Answers[0]);
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            Assert.Fail("The run stands still: " + Engine.Find(Uuid!)!.ToJson());
        }

        return last!;
    }

    /// <summary>Lets the engine go, and opens a new one.</summary>
    public async Task ReopenAsync(int dieAt = 0, bool isAfter = false)
    {
        await Engine.DisposeAsync();
        await OpenAsync(dieAt, isAfter);
    }

    public void CheckAlways()
    {
        Assert.Empty(World.Violations);
        Assert.Equal(0, World.Target.ForeignSessions);
        Assert.All(World.Storage.Values, disks => Assert.NotEmpty(disks));
    }

    /// <summary>Checks that the world is as the run's phase promises.</summary>
    public void CheckEnd()
    {
        CheckAlways();
        var (run, kind) = (Run, Run.Plan.Kind);
        if (run.Plan.Kind == RecoveryKind.Test || (run.Phase != RunPhase.Succeeded && run.Plan.Kind != RecoveryKind.Failback))
        {
            // Storage that the recovery had made permanent is let go when it is taken back; else all is as it was.
            var isLetGo = World.Target.Database.All<SrRecord>().All(s => s.Record.Uuid == FakeWorld.Own);
            Assert.Equal(isLetGo ? World.DescribeTargetWithoutStorage() : Before.Target, World.Target.Describe());
            Assert.True(!isLetGo || kind is not RecoveryKind.Test);
            Assert.Equal(Before.Source, World.Source.Describe());
            return;
        }

        var (here, there) = (States(World.Target), States(World.Source));
        if (run.Phase == RunPhase.Succeeded)
        {
            Assert.Equal(["db Running", "loose Running", "web Running"], here);
            Assert.DoesNotContain(there, v => v.EndsWith("Running", StringComparison.Ordinal));
            Assert.Empty(World.Target.Database.All<DrTaskRecord>());
            Assert.All(World.Target.Database.All<VmRecord>(), v => Assert.Empty(v.Record.BlockedOperations));
            Assert.All(
                World.Source.Database.All<VmRecord>(),
                v => Assert.Equal(run.Plan.Steps.Any(s => s is HandOver) ? 3 : 0, v.Record.BlockedOperations.Count));
            Assert.All(
                World.Target.Database.All<SrRecord>(),
                s => Assert.Contains(s.Record.Vdis.Select(World.Target.Database.Get), v => v.MetadataOfPool == World.Target.Pool));
            var copies = World.Target.Database.All<VdiRecord>().Where(v => v.Record.OtherConfig.ContainsKey(Marks.CopyOf)).ToList();
            Assert.All(copies, c => Assert.Single(c.Record.Vbds));
            Assert.Equal(run.Plan.Steps.OfType<CopyDisks>().Sum(c => c.Disks.Length), copies.Count);
        }
        else
        {
            // What was replaced can't be taken back, but the source runs again and nothing runs here.
            Assert.Equal(["db Running", "loose Running", "web Running"], there);
            Assert.DoesNotContain(here, v => v.EndsWith("Running", StringComparison.Ordinal));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Engine is not null)
        {
            await Engine.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private FakePool Site(string name) => MoreSites.GetValueOrDefault(name, World.Source);

    private string NewDirectory(string name) => Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;

    private static List<string> States(FakePool pool) =>
        [.. pool.Database.All<VmRecord>().Select(v => $"{v.Record.NameLabel} {v.Record.PowerState}").Order(StringComparer.Ordinal)];

    private async Task AnswerAsync(string answer)
    {
        try
        {
            await Engine.AnswerAsync(Uuid!, answer, "ann", RealSite.Cancel);
        }
        catch (Exception late) when (late is RunRefusedException or IOException)
        {
            // It was answered already, or the engine died of the answer.
        }
    }
}
