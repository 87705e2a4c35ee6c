using System.Collections.Immutable;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// Two pools, and a third with copies of two VMs, in which nearly everything is wrong that checks look for: a VM for each finding.
/// </summary>
public sealed class SickPools(Browser browser) : IAsyncDisposable
{
    private const string Mac = "02:00:00:00:00:07";
    private readonly TestSite _nice = new(browser) { Name = "nice" };

    public TwoPools Pools { get; } = new(browser);

    public TestSite Lyon => Pools.Lyon;

    public TestSite Paris => Pools.Paris;

    /// <summary>The SRs of the mirror, by their names.</summary>
    public Dictionary<string, string> Srs { get; } = [];

    /// <summary>Lyon's VMs, by their names.</summary>
    public Dictionary<string, Ref<VmRecord>> Vms { get; } = [];

    /// <summary>Where the mirrors lie, by the names of their SRs.</summary>
    public Dictionary<string, string> Mirrors { get; } = [];

    public string Uuid(string vm) => Lyon.Server.Daemon.Services.Database.State.Get(Vms[vm]).Uuid;

    public async Task StartAsync()
    {
        await Pools.StartAsync();
        await _nice.InitializeAsync();
        var main = await SrAsync("replicated", shared: true);
        var older = await SrAsync("older", shared: true);
        var elsewhere = await SrAsync("elsewhere", shared: true);
        var local = await SrAsync("local", shared: false);
        await Lyon.CallAsync("SR.enable_database_replication", [main]);
        await Lyon.CallAsync("SR.enable_database_replication", [older]);
        await MirrorAsync("older", older);
        await PeopleLyonAsync(main, elsewhere, local);
        await PeopleNiceAsync();
        await MirrorAsync(
            "replicated", main, await TwoPools.DiskOfAsync(Lyon, Vms["no-disk"]), await TwoPools.DiskOfAsync(Lyon, Vms["asleep-lost"]));
        await MirrorAsync("elsewhere", elsewhere);
        await PeopleParisAsync();
        foreach (var sr in new[] { "replicated", "older", "nice" })
        {
            await TwoPools.AttachAsync(Paris, Mirrors[sr], Srs[sr]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Pools.DisposeAsync();
        await _nice.DisposeAsync();
    }

    private async Task<Ref<SrRecord>> SrAsync(string name, bool shared)
    {
        var sr = await Lyon.CreateSrAsync(name, shared);
        Srs[name] = (await TwoPools.GetAsync(Lyon, sr)).Uuid;
        return sr;
    }

    private async Task MirrorAsync(string name, Ref<SrRecord> sr, params Ref<VdiRecord>[] without) =>
        Mirrors[name] = await TwoPools.MirrorAsync(Lyon, sr, Paris, without);

    private async Task PeopleLyonAsync(Ref<SrRecord> main, Ref<SrRecord> elsewhere, Ref<SrRecord> local)
    {
        async Task Add(string name, Ref<SrRecord> sr, Func<VmRecord, VmRecord>? change = null) =>
            Vms[name] = await TwoPools.VmAsync(Lyon, name, sr, change);

        var shop = await Lyon.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        Vms["db"] = await Lyon.CreateVmAsync("db", main, shop);
        Vms["web"] = await Lyon.CreateVmAsync("web", main, shop, 1);
        await TwoPools.ConnectAsync(Lyon, Vms["db"], await TwoPools.NetworkAsync(Lyon, "front"), Mac);
        var pair = await Lyon.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "pair" }]);
        Vms["left"] = await Lyon.CreateVmAsync("left", main, pair);
        Vms["right"] = await Lyon.CreateVmAsync("right", main, pair);
        await Add("quiet", main);
        await Add("both", main);
        await Add("on-elsewhere", elsewhere);
        await Add("on-local", local);
        await Add("no-disk", main);
        await Add("resized", main);
        await Add("newer-here", main);
        await Add("older-here", main, v => v with { Version = 2 });
        await Add("runs-here", main, v => v with { Version = 2 });
        await Add("asleep-here", main, v => v with { Version = 2 });
        await Add("named-twice", main);
        await Add("namesake", main);
        await Add("auto", main, v => v with { OtherConfig = v.OtherConfig.Add("auto_poweron", "true") });
        await Add("kept", main, v => v with { HaRestartPriority = "restart", HaAlwaysRun = true });
        await Add(
            "huge", main, v => v with { VcpusMax = 64, VcpusAtStartup = 64, MemoryDynamicMax = 1L << 42, MemoryStaticMax = 1L << 42 });
        foreach (var network in new[] { "unmapped", "bridged", "twice" })
        {
            await Add("on-" + network, default);
            await TwoPools.ConnectAsync(Lyon, Vms["on-" + network], await TwoPools.NetworkAsync(Lyon, network));
        }

        foreach (var name in new[] { "asleep", "asleep-lost" })
        {
            await Add(name, main);
            var image = await TwoPools.DiskOfAsync(Lyon, Vms[name]);
            await TwoPools.ForgeAsync(
                Lyon, tx => tx.Update(Vms[name], v => v with { PowerState = VmPowerState.Suspended, SuspendVdi = image }));
        }

        var resized = await TwoPools.DiskOfAsync(Lyon, Vms["resized"]);
        await TwoPools.ForgeAsync(Lyon, tx =>
        {
            Ref<VmRecord> Forge(string name, Func<VmRecord, VmRecord>? change = null)
            {
                var vm = tx.Create(
                    (change ?? (v => v))(new VmRecord { Uuid = tx.NewUuid(), NameLabel = name, MemoryDynamicMax = 64 << 20 }));
                return Vms[name] = vm;
            }

            tx.Update(resized, v => v with { VirtualSize = 7 << 20 });
            Forge("asleep-nowhere", v => v with { PowerState = VmPowerState.Suspended });
            tx.Create(new VmRecord { Uuid = tx.NewUuid(), NameLabel = "named-twice", MemoryDynamicMax = 64 << 20 });
            tx.Create(new VmRecord { Uuid = tx.NewUuid(), NameLabel = "a moment", IsASnapshot = true, SnapshotOf = Vms["quiet"] });
            tx.Create(new VbdRecord { Uuid = tx.NewUuid(), Vm = Forge("lost-track"), Userdevice = "0", Type = VbdType.Disk });
            tx.Create(new VifRecord { Uuid = tx.NewUuid(), Vm = Forge("nowhere"), Device = "0" });
            tx.Create(
                new VtpmRecord
                {
                    Uuid = tx.NewUuid(),
                    Vm = Forge("sealed"),
                    Contents = tx.Create(new SecretRecord { Uuid = tx.NewUuid(), Value = "no state of a TPM" }),
                });
            tx.Create(
                new VtpmRecord { Uuid = tx.NewUuid(), Vm = Forge("forgetful-tpm", v => v with { PowerState = VmPowerState.Running }) });
            tx.Create(new VgpuRecord { Uuid = tx.NewUuid(), Vm = Forge("drawing") });
            Forge("forgetful", v => v with
            {
                HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("firmware", "uefi"),
                Nvram = ImmutableSortedDictionary<string, string>.Empty.Add(FirmwareVariables.Key, "no flash"),
            });
            Forge("of-its-host", v => v with { PvKernel = "/boot/guest/not-here" });
            var isos = tx.Create(new SrRecord { Uuid = tx.NewUuid(), NameLabel = "isos", ContentType = "iso" });
            var iso = tx.Create(new VdiRecord { Uuid = tx.NewUuid(), NameLabel = "rescue", Location = "rescue.iso", Sr = isos });
            tx.Create(new VbdRecord { Uuid = tx.NewUuid(), Vm = Forge("from-cd"), Vdi = iso, Userdevice = "3", Type = VbdType.Cd });
            tx.Update(tx.State.All<NetworkRecord>().Single(n => n.Record.NameLabel == "bridged").Ref, n => n with { Bridge = "xenbr7" });
        });
    }

    // Copies by another pool: of one VM that nothing says is newer, of another that is.
    private async Task PeopleNiceAsync()
    {
        var sr = await _nice.CreateSrAsync("nice");
        Srs["nice"] = (await TwoPools.GetAsync(_nice, sr)).Uuid;
        var (both, left) = (Uuid("both"), Uuid("left"));
        var pair = (await Lyon.AllAsync<VmApplianceRecord>()).Values.Single(a => a.NameLabel == "pair").Uuid;
        await TwoPools.ForgeAsync(_nice, tx =>
        {
            tx.Create(new VmRecord { Uuid = both, NameLabel = "both", MemoryDynamicMax = 64 << 20 });
            var appliance = tx.Create(new VmApplianceRecord { Uuid = pair, NameLabel = "pair" });
            tx.Create(new VmRecord { Uuid = left, NameLabel = "left", MemoryDynamicMax = 64 << 20, Version = 5, Appliance = appliance });
        });
        await _nice.CallAsync("SR.enable_database_replication", [sr]);
        Mirrors["nice"] = await TwoPools.MirrorAsync(_nice, sr, Paris);
    }

    private async Task PeopleParisAsync()
    {
        foreach (var network in new[] { "front", "twice", "twice", "other name" })
        {
            await TwoPools.NetworkAsync(Paris, network);
        }

        var shop = (await Lyon.AllAsync<VmApplianceRecord>()).Values.Single(a => a.NameLabel == "shop").Uuid;
        await TwoPools.ForgeAsync(Paris, tx =>
        {
            void Here(string name, VmPowerState state, long version) =>
                tx.Create(
                    new VmRecord
                    {
                        Uuid = Uuid(name),
                        NameLabel = name,
                        MemoryDynamicMax = 64 << 20,
                        PowerState = state,
                        Version = version,
                    });

            Here("newer-here", VmPowerState.Halted, 5);
            Here("older-here", VmPowerState.Halted, 1);
            Here("runs-here", VmPowerState.Running, 1);
            Here("asleep-here", VmPowerState.Suspended, 1);
            tx.Create(new VmApplianceRecord { Uuid = shop, NameLabel = "shop" });
            var namesake = tx.Create(new VmRecord { Uuid = tx.NewUuid(), NameLabel = "namesake", MemoryDynamicMax = 64 << 20 });
            tx.Create(new VifRecord { Uuid = tx.NewUuid(), Vm = namesake, Device = "0", Mac = Mac });
            tx.Update(tx.State.All<NetworkRecord>().Single(n => n.Record.NameLabel == "other name").Ref, n => n with { Bridge = "xenbr7" });
        });
    }

    /// <summary>A failover of everything that the SRs of the mirror hold, or of some of it.</summary>
    public RecoveryRequest Failover(params string[] vms) => new()
    {
        SrUuids = [Srs["replicated"], Srs["older"], Srs["nice"]],
        Policy = new() { Kind = RecoveryKind.Failover, Chosen = new() { Vms = [.. vms] } },
    };

    public static StorageProbe Probe(string location) =>
        new("file", ImmutableSortedDictionary<string, string>.Empty.Add("location", location));
}
