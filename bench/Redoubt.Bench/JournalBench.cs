using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A durable transaction against <c>pwrite</c> and <c>fdatasync</c> of the same bytes. Both take turns, round by round, since the disk's
/// speed drifts; the ratio is of the medians over all rounds.
/// </summary>
internal static class JournalBench
{
    private const int Rounds = 40;

    /// <summary>Not counted: until then the code is still being compiled, and again better.</summary>
    private const int Warmup = 20;

    private const int PerRound = 50;

    public static async Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            var path = Path.Combine(directory.FullName, "pool.journal");
            using (var device = JournalDevice.Create(path, JournalLayout.LocalVolumeBytes))
            {
                JournalWriter.Initialise(device);
            }

            await using var database = await PoolDatabase.OpenAsync(
                DatabaseState.Empty, new LiveJournal("local", path, null, TimeProvider.System), TimeProvider.System, Guid.NewGuid);
            var vms = await database.WriteAsync(
                tx => Enumerable.Range(0, 256).Select(i => tx.Create(new VmRecord { NameLabel = $"vm {i}" })).ToImmutableArray());
            using var raw = File.OpenHandle(Path.Combine(directory.FullName, "raw"), FileMode.Create, FileAccess.ReadWrite);
            Preallocate(raw);
            var bytes = RecordBytes(vms[0]);

            foreach (var writers in new[] { 1, 8, 64, 256 })
            {
                var (rawMs, oursMs) = (new List<double>(), new List<double>());
                for (var round = -Warmup; round < Rounds; round++)
                {
                    var (rawOne, oursOne) = (Raw(raw, bytes, round + Warmup), await OursAsync(database, vms, writers, round));
                    if (round >= 0)
                    {
                        rawMs.Add(rawOne);
                        oursMs.Add(oursOne);
                    }
                }

                var (rawRate, oursRate) = (1000 / Median(rawMs), 1000 / Median(oursMs));
                System.Console.WriteLine(
                    $"journal, {writers,3} writers: {oursRate,8:0} transactions/s; raw fdatasync of the same {bytes.Length} "
                        + $"bytes {rawRate,6:0}/s; "
                    + (writers == 1 ? $"time ratio {rawRate / oursRate:0.00}" : $"rate ratio {oursRate / rawRate:0.0}"));
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Milliseconds for each write and flush.</summary>
    internal static double Raw(Microsoft.Win32.SafeHandles.SafeFileHandle file, byte[] bytes, int round)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < PerRound; i++)
        {
            RandomAccess.Write(file, bytes, (long)((round * PerRound) + i) * bytes.Length);
            NativeFile.FlushData(file);
        }

        return watch.Elapsed.TotalMilliseconds / PerRound;
    }

    /// <summary>Milliseconds for each transaction, counted over all writers together.</summary>
    private static async Task<double> OursAsync(PoolDatabase database, ImmutableArray<Ref<VmRecord>> vms, int writers, int round)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < PerRound; i++)
            {
                await database.WriteAsync(tx => tx.Update(vms[w], v => v with { NameDescription = $"{round} {i} {w}" }));
            }
        })));
        return watch.Elapsed.TotalMilliseconds / (PerRound * writers);
    }

    /// <summary>Both sides write into space that is there already, as the journal does.</summary>
    internal static void Preallocate(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        var zeros = new byte[1 << 20];
        for (var offset = 0L; offset < 4 << 20; offset += zeros.Length)
        {
            RandomAccess.Write(file, zeros, offset);
        }

        NativeFile.FlushData(file);
    }

    /// <summary>What one of the measured transactions puts on the disk: a record and the mark after it.</summary>
    internal static byte[] RecordBytes(Ref<VmRecord> vm)
    {
        var delta = new ArrayBufferWriter<byte>();
        DeltaCodec.Encode(new Delta.WriteField("VM", vm.Opaque, "name__description", "10 25 0"), delta);
        return new byte[16 + delta.WrittenCount + 16 + 36 + 16];
    }

    internal static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
