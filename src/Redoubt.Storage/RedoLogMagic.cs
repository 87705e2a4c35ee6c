namespace Redoubt.Storage;

/// <summary>
/// The first bytes of a metadata volume, by which a scan tells it from a user's disk.
/// </summary>
/// <remarks>
/// The layout is xapi's: 16 bytes of magic, a NUL, and a digit that says which half of the log is valid; <c>0</c> is none. A new volume
/// gets these 18 bytes at its creation, so it is recognised before a pool has written to it, and a redo-log reader finds it empty.
/// </remarks>
internal static class RedoLogMagic
{
    /// <summary>The magic alone.</summary>
    public static ReadOnlySpan<byte> Magic => "redo-log--------"u8;

    /// <summary>The whole header of an empty redo log.</summary>
    public static ReadOnlySpan<byte> EmptyLog => "redo-log--------\00"u8;

    /// <summary>Says what a raw disk is that begins with these bytes.</summary>
    public static VdiType TypeOf(ReadOnlySpan<byte> firstBytes) => firstBytes.StartsWith(Magic) ? VdiType.Metadata : VdiType.User;
}
