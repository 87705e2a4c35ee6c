using System.Diagnostics;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Tests.Dump;

[Collection(Measured.Name)]
public sealed class DumpSpeedTests
{
    [Fact]
    public void Sixty_thousand_rows_of_forty_columns_are_read_without_a_change_of_kind_in_time_or_memory()
    {
        var rows = Enumerable.Range(0, 60_000).Select(i => Dumps.Row(
            $"OpaqueRef:{i:x8}-1111-2222-3333-444444444444",
            [.. Enumerable.Range(0, 40).Select(c => ($"column__{c}", c switch { < 10 => "()", < 20 => "false", 20 => $"name of {i}", < 30 => "OpaqueRef:NULL", _ => $"(('k' '{i + c}'))" }))]));
        var dump = Dumps.Of(1, new DumpTable("VM", rows));
        var stream = new MemoryStream();
        var clock = Stopwatch.StartNew();
        DumpWriter.Write(dump, stream);
        var written = clock.Elapsed;
        stream.Position = 0;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        clock.Restart();
        var read = DumpReader.Read(stream);
        var elapsed = clock.Elapsed;
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{stream.Length >> 20} MiB; written in {written.TotalMilliseconds:F0} ms, read in {elapsed.TotalMilliseconds:F0} ms "
                + $"into {memory >> 20} MiB");
        Assert.Equal(dump, read);
        // About one second unoptimised and alone; the bound only has to catch a change of kind, on a busy machine.
        Assert.InRange(memory, 0, 200L << 20);
        Assert.True(elapsed < TimeSpan.FromSeconds(8), $"{elapsed}");
    }
}
