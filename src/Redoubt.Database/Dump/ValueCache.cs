using System.Text;

namespace Redoubt.Database.Dump;

/// <summary>
/// Lets equal short values share one string. A table of fixed size in which newcomers replace: it cannot grow, whatever the input,
/// and a value that falls out merely costs a second copy.
/// </summary>
internal sealed class ValueCache
{
    private const int Slots = 1 << 14;
    private const int LongestShared = 96;
    private readonly string?[] _slots = new string?[Slots];

    /// <summary>The string for these UTF-8 bytes.</summary>
    /// <exception cref="DecoderFallbackException">They are not UTF-8.</exception>
    public string Get(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
            return "";
        if (bytes.Length > LongestShared)
            return DumpText.Utf8.GetString(bytes);
        var hash = new HashCode();
        hash.AddBytes(bytes);
        ref var slot = ref _slots[hash.ToHashCode() & (Slots - 1)];
        if (slot is not null && Matches(slot, bytes))
            return slot;
        return slot = DumpText.Utf8.GetString(bytes);
    }

    private static bool Matches(string text, ReadOnlySpan<byte> bytes) =>
        text.Length == bytes.Length ? Ascii.Equals(bytes, text) : Encoding.UTF8.GetByteCount(text) == bytes.Length && SameUtf8(text, bytes);

    private static bool SameUtf8(string text, ReadOnlySpan<byte> bytes)
    {
        Span<byte> own = stackalloc byte[LongestShared];
        return Encoding.UTF8.TryGetBytes(text, own, out var length) && own[..length].SequenceEqual(bytes);
    }
}
