using System.Globalization;
using System.Text;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>Reads a metadata volume as xapi's helper does, and demands on top what its writer keeps to.</summary>
internal sealed class StrictVolume
{
    private const int HalfBytes = 60 * 1024 * 1024;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
    private readonly byte[] _half;
    private int _at;

    private StrictVolume(byte[] half) => _half = half;

    public int Half { get; private init; }

    public string Marker { get; private set; } = "";

    public string Xml { get; private set; } = "";

    public long DatabaseGeneration { get; private set; }

    public List<(string Text, byte[] Bytes, long Generation)> Deltas { get; } = [];

    public static StrictVolume Read(string path, long leastBytes = 3_988_783_104)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        DemandException.Unless(file.Length >= leastBytes, $"the volume has {file.Length} bytes; one below {leastBytes} is not found again");
        var head = new byte[18];
        file.ReadExactly(head);
        DemandException.Unless(Encoding.ASCII.GetString(head, 0, 16) == "redo-log--------", "the magic");
        DemandException.Unless(head[16] == 0, "a NUL after the magic");
        DemandException.Unless(head[17] is (byte)'1' or (byte)'2', $"the validity byte is {head[17]}");
        var half = head[17] - '0';
        var bytes = new byte[HalfBytes];
        file.Position = 18 + ((half - 1) * (long)HalfBytes);
        file.ReadExactly(bytes);
        var volume = new StrictVolume(bytes) { Half = half };
        volume.ReadRecords();
        return volume;
    }

    private void ReadRecords()
    {
        Marker = Text(36);
        DemandException.Unless(
            Marker.Length == 36 && Marker.All(c => char.IsAsciiHexDigitLower(c) || c == '-') && Guid.TryParseExact(Marker, "D", out _),
            $"the marker '{Marker}' is no lower-case UUID");
        var length = Number(16);
        DemandException.Unless(length > 0, "an empty database counts as none");
        Xml = Text((int)length);
        DatabaseGeneration = Number(16);
        DemandException.Unless(Text(36) == Marker, "the same marker before and after the database");
        var generation = DatabaseGeneration;
        while (NextLength() is { } next)
        {
            var bytes = _half.AsSpan(_at, next).ToArray();
            var text = Text(next);
            var after = Number(16);
            DemandException.Unless(Text(36) == Marker, "every delta ends with the marker of the database; another aborts the whole read");
            DemandException.Unless(after >= generation + 1, $"generation {after} after {generation}: the delta would be skipped");
            generation = after;
            Deltas.Add((text, bytes, after));
        }
    }

    private int? NextLength()
    {
        var left = HalfBytes - _at;
        var trample = _half.AsSpan(_at, Math.Min(16, left));
        if (!trample.ContainsAnyExcept((byte)0))
        {
            return null;
        }

        DemandException.Unless(
            trample.Length == 16 && !trample.ContainsAnyExceptInRange((byte)'0', (byte)'9'),
            "after the last record up to 16 NULs, before any other a length of 16 digits");
        var length = Number(16);
        DemandException.Unless(length > 0 && length + 52 <= HalfBytes - _at, $"a delta of {length} bytes fits into the half");
        return (int)length;
    }

    private string Text(int length)
    {
        DemandException.Unless(length <= HalfBytes - _at, "a record ends within its half");
        _at += length;
        return Utf8.GetString(_half, _at - length, length);
    }

    private long Number(int digits)
    {
        var text = Text(digits);
        DemandException.Unless(text.All(char.IsAsciiDigit), $"'{text}' is no zero-padded decimal");
        return long.Parse(text, CultureInfo.InvariantCulture);
    }
}
