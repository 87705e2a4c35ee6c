using System.Globalization;

namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>
/// Lines end at 140 columns. Those that were longer when this rule began are counted in <c>LongLines.txt</c>, by the file's name, so that
/// a file can move; the counts may shrink and never grow. With <c>REDOUBT_WRITE_LISTS=1</c> the counts that have shrunk are written down.
/// </summary>
public sealed class LineLengthTests
{
    private const int Longest = 140;

    private static readonly string ListFile = Path.Combine(Repository.Root, "tests/Redoubt.XenApi.Tests/Tidy/LongLines.txt");

    [Fact]
    public void No_file_has_more_lines_of_over_140_columns_than_it_had()
    {
        var allowed = File.ReadLines(ListFile).Select(l => l.Split(' '))
            .ToDictionary(l => l[1], l => int.Parse(l[0], CultureInfo.InvariantCulture));
        var found = SourceFiles.Roots.SelectMany(r => SourceFiles.Below(r, ".cs"))
            .SelectMany(f => SourceFiles.Read(f).Split('\n').Select((line, i) => (File: f, Line: i + 1, line.TrimEnd('\r').Length)))
            .Where(l => l.Length > Longest)
            .GroupBy(l => Path.GetFileName(l.File))
            .ToDictionary(g => g.Key, g => g.ToList());
        if (Environment.GetEnvironmentVariable("REDOUBT_WRITE_LISTS") == "1")
        {
            File.WriteAllLines(ListFile, allowed.Where(a => found.ContainsKey(a.Key)).OrderBy(a => a.Key, StringComparer.Ordinal)
                .Select(a => string.Create(CultureInfo.InvariantCulture, $"{Math.Min(a.Value, found[a.Key].Count)} {a.Key}")));
        }

        Offences.None(found.Where(f => f.Value.Count > allowed.GetValueOrDefault(f.Key)).Select(f =>
            $"{f.Key} has {f.Value.Count} lines of over {Longest} columns, {allowed.GetValueOrDefault(f.Key)} are allowed: "
            + string.Join(", ", f.Value.Select(l => $"{l.File}:{l.Line} ({l.Length})"))));
    }
}
