using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// An SR of 100 and one of 10,000 disks, each in a pool of its own: what it costs to attach, to scan, and to change one disk. Attaching and
/// scanning are set against the least that they can be, listing the directory and asking for the status of each file.
/// </summary>
internal static class SrBench
{
    private const int Rounds = 30;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        var sites = new List<Site>();
        try
        {
            foreach (var disks in new[] { 100, 10_000 })
            {
                sites.Add(await Site.MakeAsync(directory.CreateSubdirectory($"{disks}"), disks));
            }

            foreach (var site in sites)
            {
                await site.AttachAsync();
            }

            foreach (var (what, act) in new (string, Func<Site, Task>)[]
            {
                ("VDI.create", s => s.CreateAsync()),
                ("VDI.resize", s => s.CallAsync("VDI.resize", s.Last, s.Grown())),
                ("VDI.destroy", s => s.DestroyAsync()),
                ("VM.create with a disk and an interface", s => s.CreateVmAsync()),
                ("VM.destroy", s => s.DestroyVmAsync()),
            })
            {
                await CompareAsync(sites, what, act);
            }
        }
        finally
        {
            foreach (var site in sites)
            {
                await site.Daemon.DisposeAsync();
            }

            directory.Delete(recursive: true);
        }
    }

    private static async Task CompareAsync(List<Site> sites, string what, Func<Site, Task> act)
    {
        var times = sites.ConvertAll(_ => new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var s = 0; s < sites.Count; s++)
            {
                var watch = Stopwatch.StartNew();
                await act(sites[s]);
                times[s].Add(watch.Elapsed.TotalMilliseconds);
            }
        }

        var medians = times.ConvertAll(JournalBench.Median);
        System.Console.WriteLine(
            $"sr, {what}: {medians[0]:0.00} ms among {sites[0].Disks} disks, {medians[1]:0.00} ms among {sites[1].Disks}; "
            + $"ratio {medians[1] / medians[0]:0.00}");
    }

    private sealed class Site(int disks, string storage, PoolDaemon daemon, SessionState session)
    {
        private readonly Stack<Ref<VdiRecord>> _made = [];
        private readonly Stack<Ref<VmRecord>> _vms = [];
        private Ref<SrRecord> _sr;
        private Ref<NetworkRecord> _network;

        public int Disks => disks;

        public PoolDaemon Daemon => daemon;

        public Ref<VdiRecord> Last => _made.Peek();

        public static async Task<Site> MakeAsync(DirectoryInfo directory, int disks)
        {
            var daemon = await PoolDaemon.OpenAsync(
                new PoolConfig { DataDirectory = Path.Combine(directory.FullName, "data"), HypervisorUri = "test:///default" },
                    TimeProvider.System, CancellationToken.None);
            var session = await daemon.Services.Sessions.OpenAsync(
                SessionOwner.Root, "bench", daemon.Services.Hosts.Local.Host, null, CancellationToken.None);
            return new(disks, directory.CreateSubdirectory("storage").FullName, daemon, session);
        }

        public async Task<object?> CallAsync(string message, params object?[] arguments) => await daemon.Messages.Find(message)!(
            new CallContext(session, daemon.Services.State, TaskHandle.Unrecorded(), CancellationToken.None), arguments);

        public async Task AttachAsync()
        {
            var none = ImmutableSortedDictionary<string, string>.Empty;
            _sr = (Ref<SrRecord>)(await CallAsync(
                "SR.create", daemon.Services.Hosts.Local.Host, none.Add("location", storage), 0L, "bench", "", "file", "", false, none))!;
            _network = (Ref<NetworkRecord>)(await CallAsync("network.create", new NetworkRecord { NameLabel = "net" }))!;
            var pbd = daemon.Services.State.Get(_sr).Pbds.Single();
            await CallAsync("PBD.unplug", pbd);
            var place = Path.Combine(storage, daemon.Services.State.Get(_sr).Uuid);
            for (var i = 0; i < disks; i++)
            {
                using var file = File.OpenHandle(Path.Combine(place, $"{Guid.NewGuid():D}.raw"), FileMode.CreateNew, FileAccess.Write);
                RandomAccess.SetLength(file, 1 << 20);
            }

            var least = await MedianAsync(5, () => Task.FromResult(new DirectoryInfo(place).EnumerateFiles().Sum(f => f.Length)));
            var before = Environment.CpuUsage.TotalTime;
            var first = await MedianAsync(1, () => CallAsync("PBD.plug", pbd));
            var processor = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
            var again = new List<double>();
            for (var i = 0; i < 3; i++)
            {
                await CallAsync("PBD.unplug", pbd);
                again.Add(await MedianAsync(1, () => CallAsync("PBD.plug", pbd)));
            }

            var scan = await MedianAsync(5, () => CallAsync("SR.scan", _sr));
            System.Console.WriteLine(
                $"sr, {disks} disks: listing and asking for each one's status {least:0.0} ms; "
                + $"attached for the first time {first:0} ms ({processor:0} ms of processor), ratio {first / least:0.0}; "
                + $"attached again {JournalBench.Median(again):0} ms, ratio {JournalBench.Median(again) / least:0.0}; "
                + $"scanned {scan:0} ms, ratio {scan / least:0.0}");
        }

        public async Task CreateAsync() => _made.Push((Ref<VdiRecord>)(await CallAsync(
            "VDI.create", new VdiRecord
            {
                Sr = _sr,
                VirtualSize = 1 << 20,
                Type = VdiType.User,
                SmConfig = new VdiRecord().SmConfig.Add("type", "raw"),
            }))!);

        public long Grown() => daemon.Services.State.Get(Last).VirtualSize + (1 << 20);

        public Task<object?> DestroyAsync() => CallAsync("VDI.destroy", _made.Pop());

        public async Task CreateVmAsync()
        {
            var vm = (Ref<VmRecord>)(await CallAsync("VM.create", new VmRecord
            {
                NameLabel = "bench",
                MemoryStaticMin = 1 << 26,
                MemoryDynamicMin = 1 << 26,
                MemoryDynamicMax = 1 << 26,
                MemoryStaticMax = 1 << 26,
                VcpusMax = 1,
                VcpusAtStartup = 1,
            }))!;
            var disk = daemon.Services.State.Get(_sr).Vdis[_vms.Count];
            await CallAsync("VBD.create", new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk });
            await CallAsync("VIF.create", new VifRecord { Vm = vm, Network = _network, Device = "0" });
            _vms.Push(vm);
        }

        public Task<object?> DestroyVmAsync() => CallAsync("VM.destroy", _vms.Pop());

        private static async Task<double> MedianAsync<T>(int rounds, Func<Task<T>> act)
        {
            var times = new List<double>();
            for (var i = 0; i < rounds; i++)
            {
                var watch = Stopwatch.StartNew();
                await act();
                times.Add(watch.Elapsed.TotalMilliseconds);
            }

            return JournalBench.Median(times);
        }
    }
}
