namespace Redoubt.Server.Http;

/// <summary>How a transfer is packed.</summary>
internal enum CompressionKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>With gzip.</summary>
    Gzip,

    /// <summary>With zstd, which is a program of its own.</summary>
    Zstd,
}
