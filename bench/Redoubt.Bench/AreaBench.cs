using System.Diagnostics;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// What the proof of a flush costs: the writer alone, without queue and pool, on a volume with our area and on one that is too short for
/// it, and <c>pwrite</c> and <c>fdatasync</c> of the same bytes. All take turns.
/// </summary>
internal static class AreaBench
{
    private const int Rounds = 40;
    private const int PerRound = 50;

    public static Task RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-bench-");
        try
        {
            using var with = Make(directory, "with", JournalLayout.LocalVolumeBytes);
            using var without = Make(directory, "without", JournalLayout.Xapi.UsedBytes);
            using var proven = new JournalWriter(with);
            using var plain = new JournalWriter(without);
            var empty = StateDump.ToDump(DatabaseState.Empty);
            proven.WriteDatabase(empty);
            plain.WriteDatabase(empty);
            var bytes = JournalBench.RecordBytes(new Ref<VmRecord>("OpaqueRef:11111111-2222-3333-4444-555555555555"));
            using var raw = File.OpenHandle(Path.Combine(directory.FullName, "raw"), FileMode.Create, FileAccess.ReadWrite);
            JournalBench.Preallocate(raw);

            var (rawMs, plainMs, provenMs) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                rawMs.Add(JournalBench.Raw(raw, bytes, round));
                plainMs.Add(Append(plain));
                provenMs.Add(Append(proven));
            }

            var limit = JournalBench.Median(rawMs);
            System.Console.WriteLine(
                $"area: a flush of {bytes.Length} bytes raw {1000 * limit:0} us; the writer without area "
                    + $"{1000 * JournalBench.Median(plainMs):0} us, "
                + $"ratio {JournalBench.Median(plainMs) / limit:0.00}; with proof {1000 * JournalBench.Median(provenMs):0} us, ratio "
                + $"{JournalBench.Median(provenMs) / limit:0.00}");
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return Task.CompletedTask;
    }

    private static JournalDevice Make(DirectoryInfo directory, string name, long length)
    {
        var device = JournalDevice.Create(Path.Combine(directory.FullName, name), length);
        JournalWriter.Initialise(device);
        return device;
    }

    /// <summary>Milliseconds for each transaction.</summary>
    private static double Append(JournalWriter writer)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < PerRound; i++)
        {
            writer.Append([JournalTransaction.After(writer.Generation, [new Delta.WriteField("VM", "OpaqueRef:11111111-2222-3333-4444-555555555555", "name__description", "10 25 0")])]);
        }

        return watch.Elapsed.TotalMilliseconds / PerRound;
    }
}
