namespace Redoubt.Inspection;

/// <summary>What a file begins like.</summary>
internal enum DatabaseForm
{
    /// <summary>Nothing known.</summary>
    Unknown,

    /// <summary>A redo log.</summary>
    Volume,

    /// <summary>XML.</summary>
    Dump,

    /// <summary>gzip, which xapi may wrap around its dumps.</summary>
    CompressedDump,

    /// <summary>gzip around a redo log.</summary>
    CompressedVolume,

    /// <summary>gzip around something else.</summary>
    CompressedOther,
}
