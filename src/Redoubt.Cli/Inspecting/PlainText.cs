using System.Globalization;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Inspecting;

/// <summary>Text and numbers for people, at a terminal that believes all it is sent.</summary>
internal static class PlainText
{
    /// <summary>
    /// A name without what would move a terminal's cursor or turn its direction: names come from whoever wrote the volume.
    /// </summary>
    public static string Clean(string? text) => string.IsNullOrEmpty(text) ? "(no name)" : PlainLines.OneLine(text);

    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Count(int count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : many ?? one + "s")}");
}
