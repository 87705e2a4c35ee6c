using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>
/// Two genuine pools on one array. "primary" has db (tier 0) and web (tier 1) in vApp shop on SR A, which carries its metadata, and loose
/// (tier 1) on SR B. At "recovery" a DR task holds SR A, and nobody knows SR B; of a failback both are its own, with older copies on them.
/// The primary's VMs ran when their metadata were written, so their drives are marked as attached.
/// </summary>
internal sealed class GenuineScene : IAsyncDisposable
{
    public const string SrA = "5a000000-0000-4000-8000-00000000000a";
    public const string SrB = "5a000000-0000-4000-8000-00000000000b";
    public const string Volume = "0d000000-0000-4000-8000-000000000001";

    private readonly string _directory = Directory.CreateTempSubdirectory("redoubt-genuine-").FullName;
    private readonly string _user;

    private GenuineScene(string user, GenuineXapi source, GenuineXapi target, RecoveryRequest request) =>
        (_user, Source, Target, Request) = (user, source, target, request);

    public GenuineXapi Source { get; }

    public GenuineXapi Target { get; }

    public GenuineArray Array => Target.Array;

    public RecoveryRequest Request { get; set; }

    public RunEngine Engine { get; private set; } = null!;

    public string Uuid { get; private set; } = "";

    public static async Task<GenuineScene> MakeAsync(RecoveryKind kind, string user)
    {
        var isOrderly = kind is RecoveryKind.Migration or RecoveryKind.Failback;
        var array = new GenuineArray();
        array.Luns[SrA] = new("A", "lvmoiscsi", [Disk(1), Disk(2)], []);
        array.Luns[SrB] = new("B", "lvmoiscsi", [Disk(3)], []);
        var (source, target) = (await GenuineXapi.StartAsync("primary", array), await GenuineXapi.StartAsync("recovery", array));
        Fill(source, "xenbr0", VmPowerState.Running, 0);
        if (kind == RecoveryKind.Failback)
        {
            // The DR site has recovered them, and home has what it had.
            Fill(target, "xenbr1", VmPowerState.Halted, 0);
            foreach (var (vm, _) in source.Database.All<VmRecord>().ToList())
            {
                source.Database.Set(vm, v => v with { Version = 1 });
            }
        }

        array.Luns[SrA].Metadata[Volume] = source.Database.Snapshot;
        source.Database.Add(
            new VdiRecord
            {
                Sr = source.Database.Find<SrRecord>(SrA),
                Type = VdiType.Metadata,
                MetadataOfPool = source.Pool,
                MetadataLatest = true,
                Location = Volume,
                VirtualSize = 3_988_783_104,
            },
            Volume);
        if (kind == RecoveryKind.Failback)
        {
            target.Database.Add(
                new VdiRecord
                {
                    Sr = target.Database.Find<SrRecord>(SrA),
                    Type = VdiType.Metadata,
                    MetadataOfPool = new("OpaqueRef:theirs"),
                    MetadataLatest = true,
                    Location = Volume,
                    VirtualSize = 3_988_783_104,
                },
                Volume);
        }
        else
        {
            target.Database.Add(new NetworkRecord { NameLabel = "front", Bridge = "xenbr1" }, target.NewUuid("0e"));
            array.Attach(target, SrA, target.Database.Add(new DrTaskRecord(), target.NewUuid("d7")));
        }

        if (!isOrderly)
        {
            // What was written last stays; the pool itself is gone.
            var last = source.Database.Snapshot();
            array.Luns[SrA].Metadata[Volume] = () => last;
            foreach (var (vm, _) in source.Database.All<VmRecord>().ToList())
            {
                source.Database.Set(vm, v => v with { PowerState = VmPowerState.Halted });
            }
        }

        return new(user, source, target, new RecoveryRequest
        {
            Policy = new()
            {
                Kind = kind,
                IsSourceDead = kind == RecoveryKind.Failover,
                Resolve = ["sr-missing"],
                Limits = new() { HealthTimeout = TimeSpan.FromSeconds(60) },
            },
            Source = isOrderly ? "primary" : null,
        });
    }

    public static string Vm(int n) => $"11000000-0000-4000-8000-{n:x12}";

    public async Task<RecoveryPlan> PlanAsync()
    {
        await using var api = await Target.LoginAsync(_user, RealSite.Cancel);
        ImmutableArray<OtherPool> others = Request.Source is null ? [] : [new("primary", token => Source.LoginAsync(_user, token))];
        var reader = new InventoryReader(api, TimeProvider.System, TimeSpan.FromSeconds(60));
        return Planner.Plan(Request.Policy, await reader.ReadAsync(Request.ToInventoryRequest(others), RealSite.Cancel));
    }

    /// <summary>Starts the run, answers that the array has done its part, and follows it to its end.</summary>
    public async Task<RunRecord> RunAsync(string answer = "done")
    {
        var plan = await PlanAsync();
        Assert.False(plan.IsBlocked, plan.ToText());
        Engine = await RunEngine.OpenAsync(
            new()
            {
                JournalPath = Path.Combine(_directory, "runs.db"),
                PollInterval = TimeSpan.FromMilliseconds(20),
                ShutdownLimit = TimeSpan.FromSeconds(5),
                Connect = (site, _, token) => (site is null ? Target : Source).LoginAsync(_user, token),
            },
            TimeProvider.System, RealSite.Cancel);
        Uuid = await Engine.StartAsync(Request, plan, "ann", RealSite.Cancel);
        var record = await RealPair.EndAsync(Engine, Uuid, RunPhase.Waiting);
        if (record.Phase == RunPhase.Waiting)
        {
            await Engine.AnswerAsync(Uuid, answer, "ann", RealSite.Cancel);
            record = await RealPair.EndAsync(Engine, Uuid);
        }

        return record;
    }

    public async Task<RunRecord> UndoAsync()
    {
        await Engine.UndoAsync(Uuid, "ann", RealSite.Cancel);
        return await RealPair.EndAsync(Engine, Uuid);
    }

    /// <summary>The VMs of a pool, by name.</summary>
    public static Dictionary<string, VmRecord> VmsOf(GenuineXapi pool) =>
        pool.Database.All<VmRecord>().Where(v => !v.Record.IsASnapshot).ToDictionary(v => v.Record.NameLabel, v => v.Record);

    /// <summary>
    /// No pool was asked for what it does not have, nor for what its session may not do, and nothing happened that must not.
    /// </summary>
    public void RequireClean()
    {
        Assert.Empty(Array.Violations);
        foreach (var pool in Array.Pools)
        {
            Assert.Empty(pool.Unknown);
            Assert.Empty(pool.Denied);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Engine is not null)
        {
            await Engine.DisposeAsync();
        }

        await Source.DisposeAsync();
        await Target.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Disk(int n) => $"d1000000-0000-4000-8000-{n:x12}";

    private static void Fill(GenuineXapi pool, string bridge, VmPowerState state, long version)
    {
        var rows = pool.Database;
        var front = rows.Add(new NetworkRecord { NameLabel = "front", Bridge = bridge }, pool.NewUuid("0e"));
        var shop = rows.Add(new VmApplianceRecord { NameLabel = "shop" }, "a9000000-0000-4000-8000-000000000001");
        var (a, b) = (pool.Array.Attach(pool, SrA, default), pool.Array.Attach(pool, SrB, default));
        AddVm(pool, "db", 1, 0, a, front, shop, state, version);
        AddVm(pool, "web", 2, 1, a, front, shop, state, version);
        AddVm(pool, "loose", 3, 1, b, front, default, state, version);
    }

    private static void AddVm(
        GenuineXapi pool, string name, int n, int order, Ref<SrRecord> sr, Ref<NetworkRecord> network, Ref<VmApplianceRecord> appliance,
        VmPowerState state, long version)
    {
        var rows = pool.Database;
        var vm = rows.Add(
            new VmRecord
            {
                NameLabel = name,
                PowerState = state,
                Order = order,
                Appliance = appliance,
                Version = version,
                MemoryStaticMax = 1 << 26,
                VcpusAtStartup = 1,
            },
            Vm(n));
        var vdi = rows.Find<VdiRecord>(Disk(n));
        Assert.Equal(sr, rows.Get(vdi).Sr);
        // Also of a VM that is off: it was recovered once, and nobody has started it since.
        rows.Add(
            new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Mode = VbdMode.Rw, CurrentlyAttached = true },
            $"bb000000-0000-4000-8000-{n:x12}");
        rows.Add(
            new VifRecord
            {
                Vm = vm,
                Network = network,
                Device = "0",
                Mac = $"02:00:00:00:00:{n:x2}",
                CurrentlyAttached = state == VmPowerState.Running,
            },
            $"1f000000-0000-4000-8000-{n:x12}");
    }
}
