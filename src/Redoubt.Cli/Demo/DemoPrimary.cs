using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>What the demo builds and protects at the primary site.</summary>
internal sealed class DemoPrimary(DemoSite site, DemoOptions options, DemoStory story)
{
    /// <summary>What the SR is called.</summary>
    public const string SrName = "replicated";

    private const long GuestMemoryBytes = 128L << 20;
    private const long ChangedMemoryBytes = 112L << 20;

    /// <summary>The SR; one of files is made where none is given.</summary>
    public Ref<SrRecord> Sr { get; set; }

    /// <summary>Makes the SR, the networks and the VMs.</summary>
    public async Task BuildAsync(IReadOnlyList<DemoGuest> guests, CancellationToken cancellationToken)
    {
        if (Sr.IsNull)
        {
            Sr = await story.DoAsync($"SR \"{SrName}\" made (a directory of qcow2 disks)", () => CreateSrAsync(cancellationToken));
        }

        var networks = new List<Ref<NetworkRecord>>();
        foreach (var name in DemoCommand.Networks)
        {
            networks.Add(await site.Api.Network.CreateAsync(new NetworkRecord { NameLabel = name }, cancellationToken));
        }

        var shop = await site.Api.VmAppliance.CreateAsync(
            new VmApplianceRecord { NameLabel = "shop", NameDescription = "Database, application, web" }, cancellationToken);

        // On one host there is nothing to choose; on several each VM has one where it had best run.
        var hosts = (await site.Api.GetAllRecordsAsync<HostRecord>(cancellationToken))
            .OrderBy(h => h.Value.NameLabel, StringComparer.Ordinal).Select(h => h.Key).ToList();
        foreach (var (guest, i) in guests.Select((g, i) => (g, i)))
        {
            var where = guest.InVApp ? $"in vApp \"shop\", order {guest.Order}" : "on its own";
            var affinity = hosts.Count > 1 ? hosts[i % hosts.Count] : default;
            await story.DoAsync(
                $"VM \"{guest.Name}\" made, {where}", () => CreateVmAsync(guest, affinity, shop, networks, cancellationToken));
        }
    }

    /// <summary>Changes a running VM.</summary>
    public async Task ChangeAsync(DemoGuest guest, CancellationToken cancellationToken)
    {
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, cancellationToken);
        await site.Api.Vm.SetMemoryDynamicRangeAsync(vm, ChangedMemoryBytes, ChangedMemoryBytes, cancellationToken);
        await site.Api.Vm.SetNameDescriptionAsync(vm, DemoCommand.ChangedDescription, cancellationToken);
    }

    private async Task<Ref<SrRecord>> CreateSrAsync(CancellationToken cancellationToken)
    {
        var host = (await site.Api.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.Single().Master;
        var none = ImmutableSortedDictionary<string, string>.Empty;
        return await site.Api.Sr.CreateAsync(
            host, none.Add("location", site.Storage), 0L, SrName, "Mirrored to the other site", "file", "", true, none,
            cancellationToken);
    }

    private async Task CreateVmAsync(
        DemoGuest guest, Ref<HostRecord> affinity, Ref<VmApplianceRecord> shop, IReadOnlyList<Ref<NetworkRecord>> networks,
        CancellationToken cancellationToken)
    {
        var vm = await site.Api.Vm.CreateAsync(new VmRecord
        {
            NameLabel = guest.Name,
            Affinity = affinity,
            MemoryStaticMin = 96L << 20,
            MemoryDynamicMin = GuestMemoryBytes,
            MemoryDynamicMax = GuestMemoryBytes,
            MemoryStaticMax = GuestMemoryBytes,
            VcpusMax = 1,
            VcpusAtStartup = 1,
            ActionsAfterReboot = OnNormalExit.Restart,
            ActionsAfterCrash = OnCrashBehaviour.Restart,
            HvmBootPolicy = "BIOS order",
            HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("order", "c"),
            Order = guest.Order,
            StartDelay = guest.StartDelaySeconds,
            Appliance = guest.InVApp ? shop : default,

            // A guest is well when it counts; wherever it is recovered, this is known there too.
            OtherConfig = ImmutableSortedDictionary<string, string>.Empty.Add(Marks.Health, "console:redoubt-guest: count="),
        }, cancellationToken);
        guest.Uuid = await site.Api.Vm.GetUuidAsync(vm, cancellationToken);
        await using var image = File.OpenRead(options.Guest);
        await AddDiskAsync(vm, "0", $"{guest.Name} system", await VirtualSizeAsync(cancellationToken), image, "qcow2", cancellationToken);
        using var data = new MemoryStream(guest.DataDisk());
        await AddDiskAsync(vm, "1", $"{guest.Name} data", DemoGuest.DataDiskBytes, data, "raw", cancellationToken);
        foreach (var (network, device) in networks.Select((n, i) => (n, i)))
        {
            await site.Api.Vif.CreateAsync(
                new VifRecord { Vm = vm, Network = network, Device = device.ToString(), Mtu = 1500 }, cancellationToken);
        }
    }

    private async Task AddDiskAsync(
        Ref<VmRecord> vm, string device, string name, long sizeBytes, Stream content, string format, CancellationToken cancellationToken)
    {
        var vdi = await site.Api.Vdi.CreateAsync(
            new VdiRecord { NameLabel = name, Sr = Sr, VirtualSize = sizeBytes, Type = VdiType.User }, cancellationToken);
        await site.Api.ImportRawVdiAsync(vdi, format, content, null, cancellationToken);
        await site.Api.Vbd.CreateAsync(
            new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = device, Bootable = device == "0", Mode = VbdMode.Rw, Type = VbdType.Disk },
            cancellationToken);
    }

    /// <summary>A qcow2 image tells its disk's size at byte 24 of its header.</summary>
    private async Task<long> VirtualSizeAsync(CancellationToken cancellationToken)
    {
        var header = new byte[32];
        await using var file = File.OpenRead(options.Guest);
        await file.ReadExactlyAsync(header, cancellationToken);
        return System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(24));
    }
}
