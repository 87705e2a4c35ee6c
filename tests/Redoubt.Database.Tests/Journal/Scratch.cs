using Microsoft.Extensions.Time.Testing;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Database.Tests.Dump;

namespace Redoubt.Database.Tests.Journal;

/// <summary>A journal in a temporary file, and a record of all that was done to it.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("redoubt-journal-");

    /// <summary>Small enough that a test can damage every byte.</summary>
    public static readonly AreaSizes SmallArea = new(
        DirectoryBytes: 4096, ProofBytes: 96 * ProofRecord.Bytes, BlockBytes: 512, ZerosAheadBytes: 16 * ProofRecord.Bytes,
        MinimumBlocks: 4);

    public Scratch(int halfBytes = 16 * 1024, bool initialise = true, int historyBlocks = 0)
    {
        // Small enough that the zeros ahead run out within a half, as they do once per MiB in the real layout.
        Layout = new JournalLayout(halfBytes, zerosAheadBytes: 2048, historyBlocks > 0 ? SmallArea : null);
        Device = JournalDevice.Create(Path.Combine(_folder.FullName, "log"), Length(Layout, historyBlocks));
        Device.Observer = Operations.Add;
        if (initialise)
            JournalWriter.Initialise(Device, Layout);
    }

    public JournalLayout Layout { get; }

    public JournalDevice Device { get; }

    /// <summary>The clock of the writers.</summary>
    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public List<DeviceOperation> Operations { get; } = [];

    public byte[] Image => File.ReadAllBytes(Device.Path);

    public JournalWriter Writer(JournalHalf? keep = null, VolumeOwner? owner = null) => new(Device, Layout, Clock, keep, owner);

    /// <summary>A daemon that would write here.</summary>
    public VolumeOwner Owner(string directory) => VolumeOwner.Create(directory, Clock);

    public JournalVerdict Read() => Read(Image, Layout);

    public static JournalVerdict Read(byte[] image, JournalLayout layout, JournalPoint? at = null) =>
        JournalReader.Read(new JournalBytes(new MemoryStream(image)), layout, DumpLimits.Default, at);

    public HistoryListing History() => JournalHistory.List(new JournalBytes(new MemoryStream(Image)), Layout);

    private static long Length(JournalLayout layout, int historyBlocks) => historyBlocks == 0
        ? layout.UsedBytes
        : new AreaMap(layout.AreaStart, 0, SmallArea.DirectoryBytes, SmallArea.ProofBytes, SmallArea.BlockBytes).BlockAt(historyBlocks);

    public static JournalContent? Content(JournalVerdict verdict) => verdict switch
    {
        JournalVerdict.Intact intact => intact.Content,
        JournalVerdict.CutAt cut => cut.Content,
        _ => null,
    };

    /// <summary>A database of one table of counters, as wide as asked for.</summary>
    public static DatabaseDump Counters(long generation, int rows = 2, int width = 20) =>
        Dumps.Of(
            generation, new DumpTable("other", []),
            new DumpTable("T", Enumerable.Range(0, rows).Select(i => Dumps.Row($"r{i}", ("n", new string('0', width))))));

    /// <summary>A transaction that sets both counters and makes and deletes rows, in that many deltas.</summary>
    public static JournalTransaction Transaction(long before, int number, int deltas, int width = 20) => JournalTransaction.After(
        before,
        Enumerable.Range(0, deltas).Select(Delta (i) => (i % 4) switch
        {
            0 => new Delta.WriteField("T", "r0", "n", Text(number, width)),
            1 => new Delta.WriteField("T", "r1", "n", Text(-number, width)),
            2 => new Delta.CreateRow("other", $"o{number}.{i}", Dumps.Row($"o{number}.{i}", ("a", new string('a', width))).Columns),
            _ => new Delta.DeleteRow("other", $"o{number}.{i - 1}"),
        }));

    /// <summary>Text that differs from that of any other number in every stretch of it, so that a stale sector inside shows.</summary>
    private static string Text(int number, int width) => string.Concat(Enumerable.Repeat($"{number:D5};", (width / 6) + 1))[..width];

    /// <summary>The database after a transaction, computed apart from any journal.</summary>
    public static DatabaseDump Apply(DatabaseDump dump, JournalTransaction transaction)
    {
        var tables = dump.Tables.ToDictionary(t => t.Name, t => t.Rows.ToDictionary(r => r.Ref));
        for (var i = 0; i < transaction.Deltas.Length; i++)
        {
            var now = transaction.GenerationOf(i) - 1;
            var delta = transaction.Deltas[i];
            var rows = tables[delta.Table];
            switch (delta)
            {
                case Delta.CreateRow create:
                    rows.Add(delta.Ref, new DumpRow(delta.Ref, now, now, create.Columns));
                    break;
                case Delta.DeleteRow:
                    rows.Remove(delta.Ref);
                    break;
                case Delta.WriteField write:
                    rows[delta.Ref] = rows[delta.Ref] with
                    {
                        ChangedAt = now,
                        Columns = rows[delta.Ref].Columns.With(write.Field, write.Value),
                    };
                    break;
            }
        }

        return Dumps.Of(transaction.Generation, [.. tables.Select(t => new DumpTable(t.Key, t.Value.Values))]);
    }

    public void Dispose()
    {
        Device.Dispose();
        // A test may have moved or removed it.
        foreach (var left in (string[])[_folder.FullName, _folder.FullName + ".old"])
        {
            if (Directory.Exists(left))
                Directory.Delete(left, recursive: true);
        }
    }
}
