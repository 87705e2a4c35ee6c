using System.Diagnostics;
using Redoubt.Compute;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// The failover of 1,000 VMs from the metadata of a lost pool, half of them in vApps, through the real daemon, until all are healthy and
/// protected: on libvirt's test driver, so that what is left is what a recovery adds. Its limit is a bare loop over libvirt's own calls
/// that defines and starts the same domains; what it should be small against is the start of a QEMU, about 300 ms.
/// </summary>
internal static class FailoverBench
{
    private const int Vms = 1_000;
    private const int Appliances = 50;
    private const int Tiers = 5;
    private const string Hypervisor = "test:///default";

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var storage = directory.CreateSubdirectory("storage").FullName;
            var sr = Guid.NewGuid().ToString();
            var lost = LostPool.Make(sr, Vms, Appliances, Tiers);
            var volume = Guid.NewGuid().ToString();
            await LostPool.WriteAsync(Path.Combine(storage, sr), volume, lost);
            var bare = Bare(lost.All<VmRecord>().Select(v => v.Record));

            await using var site = await BenchSite.StartAsync(Path.Combine(directory.FullName, "site"), Hypervisor);
            await site.CallAsync("network.create", new NetworkRecord { NameLabel = LostPool.Network });
            await site.AttachAsync(storage, sr);
            // Nobody has signed it, as nobody signs what a genuine xapi writes.
            var policy = new RecoveryPolicy { Kind = RecoveryKind.Failover, IsSourceDead = true, AcceptedVolumes = [volume] };
            var request = new RecoveryRequest { Policy = policy };
            var watch = Stopwatch.StartNew();
            var busy = Environment.CpuUsage.TotalTime;
            var planned = await site.PlanAsync(request);
            var plan = watch.Elapsed.TotalSeconds;
            watch.Restart();
            var uuid = await site.StartAsync(request, planned);
            var started = watch.Elapsed.TotalSeconds;
            var run = await site.FollowAsync(uuid);
            var total = watch.Elapsed.TotalSeconds;
            if (run.Phase != RunPhase.Succeeded)
            {
                throw new InvalidOperationException($"The run ended as {run.Phase}: {run.Failure}");
            }

            foreach (var kind in run.Steps.GroupBy(s => s.Step.GetType().Name))
            {
                var seconds = kind.Sum(s => (s.EndedAt - s.StartedAt)?.TotalSeconds ?? 0);
                System.Console.WriteLine(
                    $"failover, {kind.Count()} steps {kind.Key}: {seconds:0.00} s, {1000 * seconds / Vms:0.0} ms for each VM");
            }

            System.Console.WriteLine($"failover, plan of {Vms} VMs with its inventory {plan:0.00} s, once more and the run's start "
                + $"{started:0.00} s; {run.Revision} events, a record of {run.ToJson().Length >> 10} KiB; "
                + $"processor {(Environment.CpuUsage.TotalTime - busy).TotalMilliseconds / Vms:0.0} ms for each VM");
            System.Console.WriteLine(
                $"failover of {Vms} VMs: {total:0.0} s, {1000 * total / Vms:0.0} ms for each VM; bare define and start "
                    + $"{1000 * bare / Vms:0.00} ms each; "
                + $"ratio {total / bare:0}; to 300 ms for the start of a QEMU {1000 * total / Vms / 300:0.000}");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static double Bare(IEnumerable<VmRecord> vms)
    {
        using var libvirt = new BareLibvirt(Hypervisor);
        var platform = new DomainPlatform { Accelerator = Accelerator.Test };
        var descriptions = vms.Select((vm, i) => DomainXml.Build(Config(vm, i), platform)).ToList();
        var watch = Stopwatch.StartNew();
        descriptions.ForEach(libvirt.DefineAndStart);
        return watch.Elapsed.TotalSeconds;
    }

    private static DomainConfig Config(VmRecord vm, int index) => new()
    {
        Uuid = Guid.Parse(vm.Uuid),
        Name = vm.NameLabel,
        MemoryMaxBytes = vm.MemoryStaticMax,
        Vcpus = (int)vm.VcpusMax,
        Disks =
        [
            new DomainDisk { Device = 0, Source = new Storage.DiskSource.File($"/storage/{vm.Uuid}.qcow2", Storage.DiskFormat.Qcow2) },
        ],
        ConsoleLogPath = $"/consoles/{vm.Uuid}.log",
        VncSocketPath = $"/vnc/{index}.sock",
        AgentSocketPath = $"/agent/{index}.sock",
    };
}
