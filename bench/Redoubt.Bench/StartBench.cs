using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// <c>VM.start</c>, from the call to its answer, against <c>virsh create</c> of the same machine in a session that is already connected.
/// Both start QEMU under a hypervisor root of their own and take turns.
/// </summary>
internal static class StartBench
{
    private const int Rounds = 10;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("rb-");
        try
        {
            await using var daemon = await PoolDaemon.OpenAsync(
                new PoolConfig { DataDirectory = Path.Combine(directory.FullName, "data") }, TimeProvider.System, CancellationToken.None);
            var session = await daemon.Services.Sessions.OpenAsync(
                SessionOwner.Root, "bench", daemon.Services.Hosts.Local.Host, null, CancellationToken.None);
            Task<object?> CallAsync(string message, params object?[] arguments) => daemon.Messages.Find(message)!(
                new CallContext(session, daemon.Services.State, TaskHandle.Unrecorded(), CancellationToken.None), arguments);

            var vm = (Ref<VmRecord>)(await CallAsync("VM.create", Machine()))!;
            var storage = directory.CreateSubdirectory("storage").FullName;
            var none = ImmutableSortedDictionary<string, string>.Empty;
            var sr = (Ref<SrRecord>)(await CallAsync("SR.create", daemon.Services.Hosts.Local.Host, none.Add("location", storage), 0L, "bench", "", "file", "", false, none))!;
            var vdi =
                (Ref<VdiRecord>)(await CallAsync("VDI.create", new VdiRecord { Sr = sr, VirtualSize = 64 << 20, Type = VdiType.User }))!;
            await CallAsync("VBD.create", new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk });

            using var virsh = await Virsh.ConnectAsync(Path.Combine(directory.FullName, "virsh"));
            var description = Path.Combine(directory.FullName, "domain.xml");
            await File.WriteAllTextAsync(
                description,
                DomainXml.Build(
                    Config(daemon, vm, directory.FullName), daemon.Services.Hosts.Local.Hypervisor.Facts.Platform with { Account = null }));
            await PrepareDiskAsync(directory.FullName);

            var (ours, bare) = (new List<double>(), new List<double>());
            for (var round = 0; round <= Rounds; round++)
            {
                var watch = Stopwatch.StartNew();
                await CallAsync("VM.start", vm, false, false);
                var started = watch.Elapsed.TotalMilliseconds;
                await CallAsync("VM.hard_shutdown", vm);

                watch.Restart();
                await virsh.RunAsync($"create {description}");
                var created = watch.Elapsed.TotalMilliseconds;
                await virsh.RunAsync($"destroy {daemon.Services.State.Get(vm).Uuid}");
                if (round > 0)
                {
                    // The first of each fills caches of libvirt and of the kernel.
                    ours.Add(started);
                    bare.Add(created);
                }
            }

            var (a, b) = (ours.Order().ElementAt(Rounds / 2), bare.Order().ElementAt(Rounds / 2));
            System.Console.WriteLine(
                $"start, VM.start to QEMU running: {a:0} ms; virsh create of the same machine {b:0} ms; ratio {a / b:0.00}");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static VmRecord Machine() => new()
    {
        NameLabel = "bench",
        MemoryStaticMin = 64 << 20,
        MemoryDynamicMin = 128 << 20,
        MemoryDynamicMax = 128 << 20,
        MemoryStaticMax = 128 << 20,
        VcpusMax = 1,
        VcpusAtStartup = 1,
        HvmBootPolicy = "BIOS order",
        HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("order", "c"),
    };

    private static DomainConfig Config(PoolDaemon daemon, Ref<VmRecord> vm, string directory) => new()
    {
        Uuid = Guid.Parse(daemon.Services.State.Get(vm).Uuid),
        Name = "bench",
        MemoryMaxBytes = 128 << 20,
        Vcpus = 1,
        BootOrder = "c",
        Disks =
        [
            new DomainDisk
            {
                Device = 0,
                Source = new Storage.DiskSource.File(Path.Combine(directory, "disk.qcow2"), Storage.DiskFormat.Qcow2),
            },
        ],
        ConsoleLogPath = Path.Combine(directory, "console.log"),
        VncSocketPath = Path.Combine(directory, "vnc.sock"),
        AgentSocketPath = Path.Combine(directory, "agent.sock"),
    };

    private static Task PrepareDiskAsync(string directory) =>
        new Storage.Images.QemuImg(TimeProvider.System)
            .CreateAsync(Path.Combine(directory, "disk.qcow2"), 64 << 20, CancellationToken.None);
}
