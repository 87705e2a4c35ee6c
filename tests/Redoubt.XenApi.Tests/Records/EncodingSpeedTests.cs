using System.Diagnostics;

namespace Redoubt.XenApi.Tests.Records;

/// <summary>How long a full flush of a large pool spends on spelling its rows. Run on demand, since it measures a machine.</summary>
public sealed class EncodingSpeedTests
{
    private const int Rows = 60_000;

    [Theory(Explicit = true)]
    [InlineData("VDI", false)]
    [InlineData("VDI", true)]
    public void Sixty_thousand_rows_are_encoded_in_about_a_second(string name, bool withRaw)
    {
        var model = DataModel.Classes[name];
        var columns = model.ToColumns(model.NewRecord()).ToDictionary();
        columns["other_config"] = "(('a' '1') ('b' '2') ('c' '3'))";
        columns["location"] = "0f2b9a8e-6b1c-4b7e-9a53-4f8d1f1b2a3c";
        if (withRaw)
        {
            (columns["snapshot_of"], columns["tags"], columns["colour"]) = ("", "(\"a\")", "blue");
        }

        var watch = Stopwatch.StartNew();
        var records = Enumerable.Range(0, Rows).Select(_ => model.FromColumns(columns)).ToList();
        var read = watch.Elapsed;
        watch.Restart();
        var letters = records.Sum(record => model.ToColumns(record).Sum(c => (long)c.Value.Length));
        var line = $"{Rows} rows of {columns.Count} columns: read in {read.TotalSeconds:F2} s, encoded ({letters} letters) in "
            + $"{watch.Elapsed.TotalSeconds:F2} s";
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), line);
    }
}
