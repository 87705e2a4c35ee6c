using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// What a site that is gone has left on the replicated storage: VMs with a disk and an interface each, and the metadata that names them.
/// </summary>
internal static class LostPool
{
    public const string Network = "front";

    /// <summary>The database of the lost pool.</summary>
    /// <param name="srUuid">The SR that the disks lie on.</param>
    /// <param name="vms">How many VMs.</param>
    /// <param name="appliances">How many vApps the first half of the VMs is spread over; the others are loose.</param>
    /// <param name="orders">How many tiers the VMs are spread over.</param>
    /// <param name="diskBytes">The size of each disk, all of it a hole.</param>
    public static DatabaseState Make(string srUuid, int vms, int appliances = 0, int orders = 1, long diskBytes = 1 << 20)
    {
        var transaction = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var host = transaction.Create(new HostRecord { NameLabel = "lost" });
        transaction.Create(new PoolRecord { NameLabel = "lost", Master = host });
        var sr = transaction.Create(new SrRecord { Uuid = srUuid, NameLabel = "replicated", Type = "file", Shared = true });
        var network = transaction.Create(new NetworkRecord { NameLabel = Network });
        var units = Enumerable.Range(0, appliances)
            .Select(i => transaction.Create(new VmApplianceRecord { NameLabel = $"vApp {i}" })).ToList();
        for (var i = 0; i < vms; i++)
        {
            var vm = transaction.Create(new VmRecord
            {
                NameLabel = $"vm {i}",
                MemoryStaticMin = 1 << 20,
                MemoryDynamicMin = 1 << 20,
                MemoryDynamicMax = 1 << 20,
                MemoryStaticMax = 1 << 20,
                VcpusMax = 1,
                VcpusAtStartup = 1,
                HvmBootPolicy = "BIOS order",
                Order = i % orders,
                Appliance = i < vms / 2 && appliances > 0 ? units[i % appliances] : default,
                Metrics = transaction.Create(new VmMetricsRecord()),
            });
            var uuid = transaction.NewUuid();
            var vdi = transaction.Create(
                new VdiRecord { Uuid = uuid, Location = uuid, Sr = sr, VirtualSize = diskBytes, NameLabel = $"vm {i} disk" });
            transaction.Create(new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, CurrentlyAttached = true });
            transaction.Create(new VifRecord { Vm = vm, Network = network, Device = "0", Mac = $"02:00:00:00:{i >> 8:x2}:{i & 255:x2}" });
        }

        return transaction.State;
    }

    /// <summary>
    /// Writes the SR. One small image under many names is as good as many: nothing here looks inside them beyond the header.
    /// </summary>
    public static async Task WriteAsync(string directory, string metadata, DatabaseState lost)
    {
        Directory.CreateDirectory(directory);
        var image = Path.Combine(directory, "image");
        await new Storage.Images.QemuImg(TimeProvider.System)
            .CreateAsync(image, lost.All<VdiRecord>().First().Record.VirtualSize, CancellationToken.None);
        foreach (var (_, vdi) in lost.All<VdiRecord>())
        {
            NativeFile.Link(image, Path.Combine(directory, vdi.Location + ".qcow2"));
        }

        File.Delete(image);
        using var device = JournalDevice.Create(Path.Combine(directory, metadata + ".raw"));
        JournalWriter.Initialise(device);
        new JournalWriter(device).WriteDatabase(StateDump.ToDump(lost).AtGeneration(100));
    }
}
