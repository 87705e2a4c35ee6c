using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// What a run adds to the start of QEMU and the boot of the guest: the failover of four real guests, from the decision until all four say
/// on their consoles that they are well, against <c>VM.start</c> of the same four at once, at the same site afterwards. The run comes first
/// in a fresh daemon, as it would in a disaster, so that compiling the code is in it.
/// </summary>
internal static class RunBench
{
    private const int Vms = 4;
    private const int Rounds = 3;
    private const string Sign = "redoubt-guest: count=";
    private const long MemoryBytes = 128L << 20;

    public static async Task RunAsync()
    {
        // Short, because sockets of guests lie below it.
        var directory = Directory.CreateTempSubdirectory("rb-");
        try
        {
            var storage = directory.CreateSubdirectory("storage").FullName;
            List<string> uuids;
            string sr;
            await using (var primary = await BenchSite.StartAsync(Path.Combine(directory.FullName, "a"), "test:///default"))
            {
                (sr, uuids) = await MakeAsync(primary, storage, directory.FullName);
            }

            await using var site = await BenchSite.StartAsync(Path.Combine(directory.FullName, "b"), null);
            await site.AttachAsync(storage, sr);
            var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true } };
            var planned = await site.PlanAsync(request);
            var watch = Stopwatch.StartNew();
            var run = await site.FollowAsync(await site.StartAsync(request, planned));
            var whole = watch.Elapsed.TotalSeconds;
            if (run.Phase != RunPhase.Succeeded)
            {
                throw new InvalidOperationException(
                    $"The run ended as {run.Phase}: {run.Failure} {string.Join("; ", run.Log.Select(l => l.Text))}");
            }

            var healthy = (run.Vms.Max(v => v.ReachedAt(run.Request.Policy))!.Value - run.StartedAt).TotalSeconds;
            var plan = (whole - (run.EndedAt!.Value - run.StartedAt).TotalSeconds) * 1000;
            await StopAsync(site, uuids);
            var starts = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                starts.Add(await StartAsync(site, uuids));
                await StopAsync(site, uuids);
            }

            var bare = JournalBench.Median(starts);
            System.Console.WriteLine(
                $"run, failover of {Vms} guests from the decision to healthy: {healthy:0.00} s; VM.start of the same at once until they "
                    + $"are well {bare:0.00} s ({starts.Min():0.00} to {starts.Max():0.00}); "
                + $"ratio {healthy / bare:0.00}; added {1000 * (healthy - bare) / Vms:0} ms for each VM");
            var started = run.Steps.First(s => s.Step is StartTier).StartedAt!.Value;
            var waited = run.Steps.Where(s => s.Step is StartTier or WaitHealthy)
                .Sum(s => (s.EndedAt!.Value - s.StartedAt!.Value).TotalMilliseconds);
            System.Console.WriteLine(
                $"run, from the decision to the first start {(started - run.StartedAt).TotalMilliseconds / Vms:0} ms for each VM; "
                + $"all of the run but starting and waiting {((run.EndedAt!.Value - run.StartedAt).TotalMilliseconds - waited) / Vms:0} ms "
                + $"for each VM; planning once more and telling the end {plan:0} ms");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<(string Sr, List<string> Uuids)> MakeAsync(BenchSite site, string storage, string directory)
    {
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var host = (await site.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all"))[0];
        var sr = await site.CallAsync<Ref<SrRecord>>(
            "SR.create", host, none.Add("location", storage), 0L, "replicated", "", "file", "", true, none);
        var repository = Repository();
        var image = Path.Combine(repository, "artifacts", "guest", "guest.qcow2");
        if (!File.Exists(image))
        {
            throw new InvalidOperationException("The guests' image is missing; script/guest builds it.");
        }

        var uuids = new List<string>();
        for (var i = 0; i < Vms; i++)
        {
            var vm = await site.CallAsync<Ref<VmRecord>>("VM.create", Machine(i));
            uuids.Add(await site.CallAsync<string>("VM.get_uuid", vm));
            var data = Path.Combine(directory, $"data{i}");
            using (var script = Process.Start(Path.Combine(repository, "script", "guest-data"), [$"guest{i}", data, "100"]))
            {
                await script.WaitForExitAsync();
            }

            await AddDiskAsync(site, vm, sr, "0", image, "qcow2");
            await AddDiskAsync(site, vm, sr, "1", data, "raw");
        }

        await site.CallAsync("SR.enable_database_replication", sr);
        return (await site.CallAsync<string>("SR.get_uuid", sr), uuids);
    }

    private static VmRecord Machine(int index) => new()
    {
        NameLabel = $"guest{index}",
        MemoryStaticMin = 96L << 20,
        MemoryDynamicMin = MemoryBytes,
        MemoryDynamicMax = MemoryBytes,
        MemoryStaticMax = MemoryBytes,
        VcpusMax = 1,
        VcpusAtStartup = 1,
        HvmBootPolicy = "BIOS order",
        HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("order", "c"),
        OtherConfig = ImmutableSortedDictionary<string, string>.Empty.Add("dr-health", "console:" + Sign),
    };

    private static async Task AddDiskAsync(BenchSite site, Ref<VmRecord> vm, Ref<SrRecord> sr, string device, string path, string format)
    {
        await using var content = File.OpenRead(path);
        var vdi = await site.CallAsync<Ref<VdiRecord>>(
            "VDI.create", new VdiRecord { NameLabel = path, Sr = sr, VirtualSize = Size(path, format), Type = VdiType.User });
        await site.Api.ImportRawVdiAsync(vdi, format, content);
        await site.CallAsync(
            "VBD.create",
            new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = device, Bootable = device == "0", Mode = VbdMode.Rw, Type = VbdType.Disk });
    }

    // A qcow2 image tells its disk's size at byte 24 of its header.
    private static long Size(string path, string format)
    {
        using var file = File.OpenRead(path);
        if (format == "raw")
        {
            return file.Length;
        }

        var header = new byte[32];
        file.ReadExactly(header);
        return System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(header.AsSpan(24));
    }

    // Seconds until all say that they are well.
    private static async Task<double> StartAsync(BenchSite site, List<string> uuids)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(uuids.Select(async uuid =>
        {
            var vm = await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", uuid);
            await site.CallAsync("VM.start", vm, false, false);
            var began = long.Parse((await site.CallAsync<VmRecord>("VM.get_record", vm)).OtherConfig["console-log-start"]);
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (!(await site.CallAsync<string>("VM.get_console_log", vm, began)).Contains(Sign, StringComparison.Ordinal))
            {
                await tick.WaitForNextTickAsync();
            }
        }));
        return watch.Elapsed.TotalSeconds;
    }

    private static Task StopAsync(BenchSite site, List<string> uuids) => Task.WhenAll(uuids.Select(async uuid =>
        await site.CallAsync("VM.hard_shutdown", await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", uuid))));

    private static string Repository()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Redoubt.slnx")))
        {
            root = Path.GetDirectoryName(root)
                ?? throw new InvalidOperationException("The bench runs from its build output inside the repository.");
        }

        return root;
    }
}
