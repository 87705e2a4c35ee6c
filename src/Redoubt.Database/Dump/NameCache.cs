namespace Redoubt.Database.Dump;

/// <summary>
/// Turns the bytes of element and attribute names into strings, checking each distinct name once. Of fixed size, like
/// <see cref="ValueCache"/>.
/// </summary>
internal sealed class NameCache
{
    private const int Slots = 1 << 12;
    private readonly (byte[] Bytes, string Name)[] _slots = new (byte[], string)[Slots];

    /// <summary>The name, or <see langword="null"/> when the bytes are not an XML name without a colon.</summary>
    public string? Get(ReadOnlySpan<byte> bytes)
    {
        var hash = 17u;
        foreach (var b in bytes)
            hash = (hash * 31) + b;
        ref var slot = ref _slots[hash & (Slots - 1)];
        if (slot.Bytes is not null && bytes.SequenceEqual(slot.Bytes))
            return slot.Name;
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            return null;
        var name = DumpText.Utf8.GetString(bytes);
        if (!DumpText.IsName(name))
            return null;
        slot = (bytes.ToArray(), name);
        return name;
    }
}
