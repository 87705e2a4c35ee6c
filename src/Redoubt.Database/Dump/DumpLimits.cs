namespace Redoubt.Database.Dump;

/// <summary>
/// What a reader accepts before it calls input hostile. The defaults are far above any real pool and far below what hurts a process:
/// no writer of ours makes a dump larger than this takes.
/// </summary>
public sealed record DumpLimits
{
    /// <summary>The limits used where none are given.</summary>
    public static DumpLimits Default { get; } = new();

    /// <summary>Bytes of the whole document.</summary>
    public long DocumentBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of one attribute value, before it is decoded.</summary>
    public int ValueBytes { get; init; } = 32 << 20;

    /// <summary>Bytes of one element or attribute name.</summary>
    public int NameBytes { get; init; } = 512;

    /// <summary>Attributes of one row.</summary>
    public int Columns { get; init; } = 2048;

    /// <summary>Tables of a database.</summary>
    public int Tables { get; init; } = 4096;

    /// <summary>Pairs of the manifest.</summary>
    public int ManifestPairs { get; init; } = 1024;

    /// <summary>Rows of all tables.</summary>
    public int Rows { get; init; } = 8_000_000;
}
