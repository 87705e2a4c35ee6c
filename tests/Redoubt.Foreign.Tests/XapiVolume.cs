using System.Globalization;
using System.Text;

namespace Redoubt.Foreign.Tests;

/// <summary>
/// Writes a metadata volume as xapi does: its own marker for the instance, generations that rise with gaps, no proof of anything.
/// </summary>
internal sealed class XapiVolume(string marker = "0f0f0f0f-0000-4000-8000-000000000001")
{
    private const int Half = 60 * 1024 * 1024;

    private readonly List<byte> _records = [];

    public static string Write(string table, string reference, string field, string value) =>
        "WriteFiel" + Text(table) + Text(reference) + Text(field) + Text(value);

    public static string Delete(string table, string reference) => "DeleteRow" + Text(table) + Text(reference);

    public static string Create(string table, string reference, IEnumerable<KeyValuePair<string, string>> columns)
    {
        var pairs = columns.ToList();
        return "CreateRow" + Text(table) + Text(reference) + Number(pairs.Count) + string.Concat(
            pairs.Select(p => Text(p.Key) + Text(p.Value)));
    }

    public void Database(byte[] xml, long generation)
    {
        Put(marker);
        Put($"{xml.Length:D16}");
        _records.AddRange(xml);
        Put($"{generation:D16}");
        Put(marker);
    }

    public void Delta(string text, long generation)
    {
        Put($"{Encoding.UTF8.GetByteCount(text):D16}");
        Put(text);
        Put($"{generation:D16}");
        Put(marker);
    }

    /// <summary>Writes the volume; a copy cut to 126 MiB is enough for xapi.</summary>
    public void Save(string path, int half)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.CreateNew);
        file.SetLength(126L << 20);
        file.Write(Encoding.ASCII.GetBytes("redo-log--------\0" + half.ToString(CultureInfo.InvariantCulture)));
        file.Position = 18 + ((half - 1) * (long)Half);
        file.Write(_records.ToArray());
        file.Write(new byte[16]);
    }

    private static string Text(string value) => Number(Encoding.UTF8.GetByteCount(value)) + value;

    private static string Number(int number) => number.ToString("D8", CultureInfo.InvariantCulture);

    private void Put(string text) => _records.AddRange(Encoding.UTF8.GetBytes(text));
}
