using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

/// <summary>A small pool that most tests look at.</summary>
internal static class Scene
{
    public const string PoolUuid = "00000000-0000-4000-8000-000000000001";
    public const string HostUuid = "00000000-0000-4000-8000-000000000002";
    public const string SrUuid = "00000000-0000-4000-8000-000000000003";
    public const string WebUuid = "00000000-0000-4000-8000-000000000011";
    public const string DbUuid = "00000000-0000-4000-8000-000000000012";
    public const string DiskUuid = "00000000-0000-4000-8000-000000000021";
    public const string MetadataUuid = "00000000-0000-4000-8000-000000000022";
    public const string AppUuid = "00000000-0000-4000-8000-000000000031";

    public static async Task<FakePool> StartAsync()
    {
        var pool = await FakePool.StartAsync();
        var host = new Ref<HostRecord>(pool.Database.Add(new HostRecord { Uuid = HostUuid, NameLabel = "north" }));
        var own = pool.Database.Add(new PoolRecord { Uuid = PoolUuid, NameLabel = "site one", Master = host });
        var app = new Ref<VmApplianceRecord>(pool.Database.Add(new VmApplianceRecord { Uuid = AppUuid, NameLabel = "shop" }));
        var pbd = new Ref<PbdRecord>(RefText.Of(Guid.Parse("00000000-0000-4000-8000-000000000004")));
        var sr = new Ref<SrRecord>(pool.Database.Add(new SrRecord { Uuid = SrUuid, NameLabel = "store", Type = "file", Pbds = [pbd] }));
        pool.Database.Add(new PbdRecord { Uuid = "00000000-0000-4000-8000-000000000004", Host = host, Sr = sr });
        pool.Database.Add(
            Vm(
                WebUuid,
                "web",
                VmPowerState.Running) with
            {
                Appliance = app,
                Tags = ["gold", "shop"],
                OtherConfig = Vm("", "", default).OtherConfig.Add("owner", "ann")
            });
        pool.Database.Add(Vm(DbUuid, "db, main", VmPowerState.Halted));
        pool.Database.Add(Vm("00000000-0000-4000-8000-000000000013", "Debian", VmPowerState.Halted) with { IsATemplate = true });
        pool.Database.Add(
            Vm(
                "00000000-0000-4000-8000-000000000014", "Control domain on host: north",
                VmPowerState.Running) with
            { IsControlDomain = true });
        pool.Database.Add(new VdiRecord { Uuid = DiskUuid, NameLabel = "web disk", Sr = sr, VirtualSize = 4096, Type = VdiType.User });
        pool.Database.Add(
            new VdiRecord
            {
                Uuid = MetadataUuid,
                NameLabel = "Metadata for DR",
                Sr = sr,
                Type = VdiType.Metadata,
                MetadataOfPool = new(own),
                MetadataLatest = true,
            });
        pool.Foreign.Add(Vm("00000000-0000-4000-8000-000000000099", "lost", VmPowerState.Running));
        return pool;
    }

    // Enums without a default would go over the wire as something that no server sends.
    private static VmRecord Vm(string uuid, string name, VmPowerState state) => new()
    {
        Uuid = uuid,
        NameLabel = name,
        PowerState = state,
        ActionsAfterCrash = OnCrashBehaviour.CoredumpAndDestroy,
        ActionsAfterReboot = OnNormalExit.Restart,
        ActionsAfterShutdown = OnNormalExit.Destroy,
    };
}
