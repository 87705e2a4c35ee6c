using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>Two real servers: one with protected VMs, and one that has its storage copied beside it and can take them in.</summary>
internal sealed class RealPair : IAsyncDisposable
{
    private RealPair(RealSite primary, RealSite site)
    {
        Primary = primary;
        Site = site;
    }

    public RealSite Primary { get; }

    public RealSite Site { get; }

    public Ref<SrRecord> Sr { get; private set; }

    public string SrUuid { get; private set; } = "";

    public RunEngineConfig Config => new()
    {
        JournalPath = Site.NewFile("runs.db"),
        PollInterval = TimeSpan.FromMilliseconds(20),
        ShutdownLimit = TimeSpan.FromSeconds(10),
        HooksDirectory = Site.NewFile("hooks"),
        Connect = async (site, _, token) => await (site is null ? Site : Primary).LoginAsync(token),
    };

    /// <summary>
    /// VMs "db" (tier 0) and "web" (tier 1) in vApp "shop", and "loose" (tier 1), on a protected SR; and more loose ones.
    /// </summary>
    public static async Task<RealPair> StartAsync(params string[] more)
    {
        var pair = new RealPair(await RealSite.StartAsync("primary"), await RealSite.StartAsync("recovery"));
        var primary = pair.Primary;
        var host = (await primary.Api.GetAllRecordsAsync<HostRecord>(RealSite.Cancel)).Keys.Single();
        pair.Sr = await primary.CallAsync<Ref<SrRecord>>(
            "SR.create", host, primary.DeviceConfig, 0L, "replicated", "", "file", "user", true,
            ImmutableSortedDictionary<string, string>.Empty);
        pair.SrUuid = await primary.CallAsync<string>("SR.get_uuid", pair.Sr);
        var network = await primary.CallAsync<Ref<NetworkRecord>>("network.create", new NetworkRecord { NameLabel = "front" });
        var appliance = await primary.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", new VmApplianceRecord { NameLabel = "shop" });
        await primary.CallAsync("VM.set_appliance", await pair.AddVmAsync("db", network, 0), appliance);
        await primary.CallAsync("VM.set_appliance", await pair.AddVmAsync("web", network, 1), appliance);
        await pair.AddVmAsync("loose", network, 1);
        foreach (var name in more)
        {
            await pair.AddVmAsync(name, network, 1);
        }

        await primary.CallAsync("SR.enable_database_replication", pair.Sr);
        return pair;
    }

    /// <summary>What the array does.</summary>
    public async Task MirrorAsync(RealSite from, RealSite to)
    {
        Directory.CreateDirectory(to.Storage);
        await Replica.MirrorAsync(from.Storage, to.Storage);
    }

    public Task AttachAsync() =>
        Site.CallAsync<Ref<DrTaskRecord>>("DR_task.create", "file", Site.DeviceConfig, ImmutableList.Create(SrUuid));

    public async Task<RecoveryPlan> PlanAsync(RecoveryRequest request)
    {
        ImmutableArray<OtherPool> others = request.Source is null ? [] : [new("primary", token => Primary.LoginAsync(token))];
        var reader = new InventoryReader(Site.Api, TimeProvider.System, TimeSpan.FromSeconds(30));
        return Planner.Plan(request.Policy, await reader.ReadAsync(request.ToInventoryRequest(others), RealSite.Cancel));
    }

    public static async Task<RunRecord> EndAsync(RunEngine engine, string uuid, params RunPhase[] also)
    {
        await foreach (var record in engine.WatchAsync(uuid, 0, RealSite.Cancel))
        {
            if (record.Phase.IsFinal() || record.Phase == RunPhase.Interrupted || also.Contains(record.Phase))
            {
                return record;
            }
        }

        throw new InvalidOperationException("the run's stream ended without a final phase");
    }

    public static async Task<VmRecord> VmAsync(RealSite site, string name) =>
        (await site.Api.GetAllRecordsAsync<VmRecord>(RealSite.Cancel)).Values.Single(v => v.NameLabel == name && !v.IsATemplate);

    public async ValueTask DisposeAsync()
    {
        await Site.DisposeAsync();
        await Primary.DisposeAsync();
    }

    private async Task<Ref<VmRecord>> AddVmAsync(string name, Ref<NetworkRecord> network, int order)
    {
        Assert.Equal(0, (await Primary.RunAsync("vm-create", $"name-label={name}", "memory=64MiB", $"order={order}")).Code);
        var vm = (await Primary.CallAsync<ImmutableList<Ref<VmRecord>>>("VM.get_by_name_label", name)).Single();
        var vdi = await Primary.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { NameLabel = name + " disk", Sr = Sr, VirtualSize = 1 << 20 });
        await Primary.CallAsync(
            "VBD.create", new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Mode = VbdMode.Rw });
        await Primary.CallAsync("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0" });
        return vm;
    }
}
