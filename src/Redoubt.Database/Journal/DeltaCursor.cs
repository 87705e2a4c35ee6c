using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>
/// Walks through the bytes of a delta. The first failure sticks: everything after it yields nothing, and <see cref="End"/> tells it.
/// </summary>
internal ref struct DeltaCursor(ReadOnlySpan<byte> bytes)
{
    private const int NumBytes = 8;
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private string? _problem;

    public readonly bool Failed => _problem is not null;

    public void Fail(string problem) => _problem ??= problem;

    public ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || _bytes.Length - _at < count)
        {
            Fail("it ends too early");
            return default;
        }

        _at += count;
        return _bytes.Slice(_at - count, count);
    }

    public int Number()
    {
        var digits = Take(NumBytes);
        if (Failed)
            return 0;
        var number = JournalNumber.Parse(digits);
        if (number is null)
            Fail($"a length at byte {_at - NumBytes} is no number");
        return (int)(number ?? 0);
    }

    public string String(string what)
    {
        // Take compares with what is there before anything is allocated.
        var text = Take(Number());
        if (Failed)
            return "";
        try
        {
            var value = DumpText.Utf8.GetString(text);
            if (DumpText.IndexOfForbidden(value) >= 0)
                Fail($"its {what} has a character that no database holds");
            return value;
        }
        catch (DecoderFallbackException)
        {
            Fail($"its {what} is not UTF-8");
            return "";
        }
    }

    public string Column()
    {
        var name = String("column");
        if (!Failed && !DumpText.IsColumnName(name))
            Fail("it names a column that cannot be one");
        return name;
    }

    /// <summary>What is wrong, bytes left over included; <see langword="null"/> when nothing is.</summary>
    public string? End()
    {
        if (!Failed && _at != _bytes.Length)
            Fail($"{_bytes.Length - _at} bytes follow its end");
        return _problem;
    }
}
