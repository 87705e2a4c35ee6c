using System.Diagnostics;
using System.Text.Json;
using Redoubt.Database;
using Redoubt.Database.Journal;

namespace Redoubt.Bench;

/// <summary>
/// A pool of 10,000 VMs behind the real server: start-up, memory, all records over both protocols, and how long a client that waits for
/// events waits. Each is set against the least that it could cost on this machine.
/// </summary>
internal static class ScaleBench
{
    private const int Vms = 10_000;
    private const int Rounds = 5;

    public static async Task RunAsync()
    {
        await using var pool = new BigPool();
        await pool.CreateAsync(Vms);
        var read = Open(System.IO.Directory.GetFiles(pool.Data, "*.journal").Single());
        var watch = Stopwatch.StartNew();
        await pool.StartAsync();
        var started = watch.Elapsed.TotalSeconds;
        System.Console.WriteLine(
            $"scale, start of the daemon until it answers: {started:0.00} s; ratio to reading the journal {started / read:0.0}");
        System.Console.WriteLine(
            $"scale, memory with the daemon in it: {Settled() >> 20} MiB of objects; the process "
                + $"{Process.GetCurrentProcess().WorkingSet64 >> 20} MiB");

        await RecordsAsync("JSON-RPC", () => pool.CountJsonAsync("VM.get_all_records", pool.Session));
        await RecordsAsync("XML-RPC", () => pool.CountXmlAsync("VM.get_all_records", pool.Session));
        await EventsAsync(pool);
    }

    /// <summary>Seconds that reading the journal takes. By itself, so that nothing of it is in memory afterwards.</summary>
    private static double Open(string path)
    {
        var read = Measure(() => JournalReader.Read(path));
        var content = ((JournalVerdict.Intact)JournalReader.Read(path)).Content;
        var typed = Measure(() => StateDump.FromDump(content.Database));
        System.Console.WriteLine($"scale, {Vms} VMs with {2 * Vms} VDIs, {2 * Vms} VBDs, {Vms} VIFs: dump "
            + $"{Database.Dump.DumpWriter.Measure(content.Database) >> 20} MiB; "
            + $"reading and proving the journal {read:0.00} s, typed tables of it {typed:0.00} s; together what "
            + "opening it as foreign costs");
        return read;
    }

    private static async Task RecordsAsync(string protocol, Func<Task<long>> call)
    {
        var bytes = await call();
        var times = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var watch = Stopwatch.StartNew();
            await call();
            times.Add(watch.Elapsed.TotalSeconds);
        }

        var median = JournalBench.Median(times);
        System.Console.WriteLine(
            $"scale, VM.get_all_records over {protocol}: {median:0.00} s for {bytes >> 20} MiB, {bytes / median / (1 << 20):0} MiB/s");
    }

    private static async Task EventsAsync(BigPool pool)
    {
        var vm = (await pool.CallAsync("VM.get_by_name_label", pool.Session, "vm 5000"))[0].GetString()!;
        var all = await pool.CallAsync("event.from", pool.Session, new[] { "VM" }, "", 60.0);
        var token = Token(all);
        var (calls, waits) = (new List<double>(), new List<double>());
        for (var i = 0; i < 50; i++)
        {
            var waiting = pool.CallAsync("event.from", pool.Session, new[] { "VM" }, token, 60.0);
            // A look-up that goes the same way, so that the waiting request is at the server before the change is.
            await pool.CallAsync("VM.get_name_description", pool.Session, vm);
            var watch = Stopwatch.StartNew();
            var set = pool.CallAsync("VM.set_name_description", pool.Session, vm, $"change {i}");
            var both = Task.WhenAll(set, waiting);
            await set;
            calls.Add(watch.Elapsed.TotalMilliseconds);
            await both;
            waits.Add(watch.Elapsed.TotalMilliseconds);
            token = Token(await waiting);
        }

        var (call, wait) = (JournalBench.Median(calls), JournalBench.Median(waits));
        System.Console.WriteLine(
            $"scale, from a change's request to its answer {call:0.00} ms, to the event at a waiting client {wait:0.00} ms; "
                + $"ratio {wait / call:0.00}");
    }

    private static string Token(JsonElement batch) => batch.GetProperty("token").GetString()!;

    private static double Measure<T>(Func<T> work)
    {
        work();
        var watch = Stopwatch.StartNew();
        GC.KeepAlive(work());
        return watch.Elapsed.TotalSeconds;
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
