using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// The whole of a database of 50 MiB is written while 64 writers go on: how long the unluckiest waits. On the pool's own journal, where
/// everybody waits for it, and on a copy on an SR, where nobody should. Against encoding the dump and writing it durably, alone.
/// </summary>
internal static class StallBench
{
    private const int Vms = 8_000;
    private const int Writers = 64;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var transaction = new Transaction(DatabaseState.Empty, Guid.NewGuid);
            var vms = BigPool.Fill(transaction, Vms, padding: 600);
            var dump = StateDump.ToDump(transaction.State);
            var size = Database.Dump.DumpWriter.Measure(dump);
            var bare = Bare(directory, dump);
            var local = new LiveJournal("local", Make(directory, "local"), null, TimeProvider.System);
            await using var database = await PoolDatabase.OpenAsync(transaction.State, local, TimeProvider.System, Guid.NewGuid);
            var copy = new LiveJournal("copy", Make(directory, "copy"), null, TimeProvider.System);
            await WorstAsync(database, vms, () => Task.Delay(TimeSpan.FromSeconds(1)));
            var quiet = await WorstAsync(database, vms, () => Task.Delay(TimeSpan.FromSeconds(2)));
            var own = await WorstAsync(database, vms, () => database.FlushWholeAsync(CancellationToken.None));
            var attached = await WorstAsync(database, vms, () => database.AttachAsync(copy, keepTrying: false, CancellationToken.None));
            System.Console.WriteLine(
                $"stall, {Writers} writers, a database of {size >> 20} MiB: worst wait of a writer {quiet:0} ms in quiet, {own:0} ms while "
                    + "the pool's own journal is written whole, "
                + $"{attached:0} ms while a copy on an SR is; encoding and writing it alone {bare:0} ms, ratio {own / bare:0.0}");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Milliseconds of the worst write while something goes on.</summary>
    private static async Task<double> WorstAsync(PoolDatabase database, ImmutableArray<Ref<VmRecord>> vms, Func<Task> meanwhile)
    {
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            var worst = 0.0;
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var watch = Stopwatch.StartNew();
                await database.WriteAsync(tx => tx.Update(vms[w], v => v with { NameDescription = $"{i}" }));
                worst = Math.Max(worst, watch.Elapsed.TotalMilliseconds);
            }

            return worst;
        })).ToList();
        await meanwhile();
        await stop.CancelAsync();
        return (await Task.WhenAll(writers)).Max();
    }

    private static double Bare(DirectoryInfo directory, Database.Dump.DatabaseDump dump)
    {
        var watch = Stopwatch.StartNew();
        using var file = new FileStream(Path.Combine(directory.FullName, "raw"), FileMode.Create);
        Database.Dump.DumpWriter.Write(dump, file);
        file.Flush(flushToDisk: true);
        return watch.Elapsed.TotalMilliseconds;
    }

    private static string Make(DirectoryInfo directory, string name)
    {
        var path = Path.Combine(directory.FullName, name);
        using var device = JournalDevice.Create(path, JournalLayout.LocalVolumeBytes);
        JournalWriter.Initialise(device);
        return path;
    }
}
