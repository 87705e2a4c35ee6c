using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database.Journal;
using Redoubt.Inspection;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// Opens the metadata of a lost pool of 10,000 VMs, each with a disk and an interface (with two disks each they would not fit into half a
/// redo log), and recovers 1,000 of them: the control plane
/// alone, on libvirt's test driver. The limit it is measured against is reading the same bytes, and one durable flush for each VM.
/// </summary>
internal static class ForeignBench
{
    private const int Vms = 10_000;
    private const int Recovered = 1_000;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var storage = directory.CreateSubdirectory("storage").FullName;
            var sr = Guid.NewGuid().ToString();
            var metadata = Guid.NewGuid().ToString();
            var lost = LostPool.Make(sr, Vms);
            await LostPool.WriteAsync(Path.Combine(storage, sr), metadata, lost);

            await using var daemon = await PoolDaemon.OpenAsync(
                new PoolConfig { DataDirectory = Path.Combine(directory.FullName, "data"), HypervisorUri = "test:///default" },
                TimeProvider.System,
                CancellationToken.None);
            var session = await daemon.Services.Sessions.OpenAsync(
                SessionOwner.Root, "bench", daemon.Services.Hosts.Local.Host, null, CancellationToken.None);
            Task<object?> CallAsync(SessionState by, string message, params object?[] arguments) => daemon.Messages.Find(message)!(
                new CallContext(by, by.Foreign ?? daemon.Services.State, TaskHandle.Unrecorded(), CancellationToken.None), arguments);

            await daemon.Services.Database.WriteAsync(tx => tx.Create(new NetworkRecord { NameLabel = "front" }));
            var config = ImmutableSortedDictionary<string, string>.Empty.Add("location", storage);
            var watch = Stopwatch.StartNew();
            await CallAsync(session, "DR_task.create", "file", config, ImmutableList.Create(sr));
            System.Console.WriteLine($"foreign, attach an SR of {Vms} disks and find the metadata: {watch.Elapsed.TotalSeconds:0.00} s");

            var path = Path.Combine(storage, sr, metadata + ".raw");
            var read = await MeasureAsync(() => Task.Run(() => JournalReader.Read(path)));
            watch.Restart();
            var opened =
                (Ref<SessionRecord>)(await CallAsync(session, "VDI.open_database", daemon.Services.State.FindByUuid<VdiRecord>(metadata)))!;
            System.Console.WriteLine(
                $"foreign, VDI.open_database of {Vms} VMs, {Vms} VDIs, {Vms} VBDs, {Vms} VIFs: {watch.Elapsed.TotalSeconds:0.00} s; "
                + $"reading and checking the journal alone {read:0.00} s; ratio {watch.Elapsed.TotalSeconds / read:0.0}");

            await InspectAsync(path, () => CallAsync(session, "VDI.open_database", daemon.Services.State.FindByUuid<VdiRecord>(metadata)));

            // What xapi has written is unsigned, and so is this.
            await daemon.Services.Database.WriteAsync(tx => tx.Update(
                daemon.Services.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem($"dr-accepted-volume-{metadata}", "true") }));
            var foreign = daemon.Services.Sessions.Get(opened, opened.Opaque);
            var chosen = lost.All<VmRecord>().Take(Recovered).Select(v => v.Ref).ToList();
            var flush = Flush(directory.FullName);
            watch.Restart();
            foreach (var vm in chosen)
            {
                await CallAsync(foreign, "VM.recover", vm, session.Ref, false);
            }

            var each = watch.Elapsed.TotalMilliseconds / Recovered;
            System.Console.WriteLine(
                $"foreign, {Recovered} VMs recovered one after the other: {each:0.00} ms each; one fdatasync {flush:0.00} ms; "
                    + $"ratio {each / flush:0.0}");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>What <c>inspect</c> does with the volume but for starting a process and printing, against opening it; in turns.</summary>
    private static async Task InspectAsync(string path, Func<Task> open)
    {
        var (opened, inspected) = (new List<double>(), new List<double>());
        for (var round = 0; round < 5; round++)
        {
            opened.Add(await MeasureAsync(open));
            inspected.Add(await MeasureAsync(
                () => Task.Run(() => DatabaseFile.Read(path, new InspectQuery { Now = TimeProvider.System.GetUtcNow() }))));
        }

        var (a, b) = (JournalBench.Median(inspected), JournalBench.Median(opened));
        System.Console.WriteLine($"foreign, inspecting the volume: {a:0.00} s; VDI.open_database of it {b:0.00} s; ratio {a / b:0.00}");
    }

    private static async Task<double> MeasureAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Milliseconds of one durable write of the size that recovering a VM takes.</summary>
    private static double Flush(string directory)
    {
        using var file = File.OpenHandle(Path.Combine(directory, "raw"), FileMode.Create, FileAccess.ReadWrite);
        var block = new byte[16 << 10];
        var times = new List<double>();
        for (var i = 0; i < 100; i++)
        {
            var watch = Stopwatch.StartNew();
            RandomAccess.Write(file, block, (long)i * block.Length);
            NativeFile.FlushData(file);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return times.Order().ElementAt(50);
    }
}
