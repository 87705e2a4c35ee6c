using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests.Inspecting;

/// <summary>The database of a pool that is gone, in every form that can be inspected.</summary>
internal sealed class LostPool : IDisposable
{
    public const string SrUuid = "dddddddd-0000-4000-8000-000000000001";
    public const string VolumeUuid = "dddddddd-0000-4000-8000-000000000002";
    public const string WebUuid = "dddddddd-0000-4000-8000-000000000003";
    public const string Password = "hunter2-never-shown";

    public LostPool(Func<VmRecord, VmRecord>? change = null) => State = Make(change ?? (v => v));

    public string Root { get; } = Directory.CreateTempSubdirectory("redoubt-inspect-").FullName;

    public DatabaseState State { get; }

    public string Dump(string name = "pool.xml")
    {
        using var file = File.Create(Path.Combine(Root, name));
        DumpWriter.Write(Text, file);
        return file.Name;
    }

    public string Volume(params string[] under)
    {
        var path = Path.Combine([Root, .. under, VolumeUuid + ".raw"]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var device = JournalDevice.Create(path, JournalLayout.LocalVolumeBytes);
        JournalWriter.Initialise(device);
        var writer = new JournalWriter(device);
        writer.WriteDatabase(Text);
        var vm = State.FindByUuid<VmRecord>(WebUuid).Opaque;
        // Two flushes: what is flushed together is checked, and given up, together.
        writer.Append([JournalTransaction.After(100, [new Delta.WriteField("VM", vm, "name__description", "first")])]);
        writer.Append([JournalTransaction.After(102, [new Delta.WriteField("VM", vm, "name__description", "second")])]);
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private DatabaseDump Text => StateDump.ToDump(State).AtGeneration(100);

    private static DatabaseState Make(Func<VmRecord, VmRecord> change)
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var host = tx.Create(new HostRecord { NameLabel = "north", Address = "192.0.2.1" });
        tx.Create(new PoolRecord { NameLabel = "lost pool", Master = host });
        var sr = tx.Create(new SrRecord { Uuid = SrUuid, NameLabel = "replicated", Type = "nfs", Shared = true });
        tx.Create(new PbdRecord
        {
            Host = host,
            Sr = sr,
            CurrentlyAttached = true,
            DeviceConfig = new Dictionary<string, string>
            {
                ["server"] = "filer",
                ["serverpath"] = "//ann:" + Password + "@filer/vms",
                ["chappassword"] = Password,
                ["password_secret"] = Password,
            }.ToImmutableSortedDictionary(),
        });
        tx.Create(new SecretRecord { Value = Password });
        var network = tx.Create(new NetworkRecord { NameLabel = "front", Bridge = "br0" });
        var app = tx.Create(new VmApplianceRecord { NameLabel = "shop" });
        var web = tx.Create(
            change(
                new VmRecord
                {
                    Uuid = WebUuid,
                    NameLabel = "web",
                    Appliance = app,
                    Order = 2,
                    StartDelay = 30,
                    MemoryStaticMax = 512 << 20,
                    VcpusAtStartup = 2,
                    Version = 4,
                }));
        tx.Create(
            new VmRecord
            {
                NameLabel = "db",
                Appliance = app,
                Order = 1,
                MemoryStaticMax = 1L << 30,
                VcpusAtStartup = 4,
                PowerState = VmPowerState.Running,
                ResidentOn = host,
            });
        tx.Create(new VmRecord { NameLabel = "loner", MemoryStaticMax = 64 << 20, VcpusAtStartup = 1 });
        tx.Create(new VmRecord { NameLabel = "a template", IsATemplate = true });
        tx.Create(new VmRecord { NameLabel = "before the update", IsATemplate = true, IsASnapshot = true, SnapshotOf = web });
        var vdi = tx.Create(
            new VdiRecord { NameLabel = "system", Location = "somewhere", Sr = sr, VirtualSize = 8L << 30, Type = VdiType.System });
        tx.Create(new VbdRecord { Vm = web, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk, Bootable = true });
        tx.Create(new VbdRecord { Vm = web, Userdevice = "3", Type = VbdType.Cd, Empty = true });
        tx.Create(new VifRecord { Vm = web, Network = network, Device = "0", Mac = "02:00:00:00:00:01" });
        return tx.State;
    }
}
