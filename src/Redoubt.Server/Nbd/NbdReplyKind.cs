namespace Redoubt.Server.Nbd;

/// <summary>The kinds of answers to options, in the protocol's numbers.</summary>
internal enum NbdReplyKind : uint
{
    /// <summary>Yes; nothing more comes.</summary>
    Ack = 1,

    /// <summary>The server knows no such option, or does not do it.</summary>
    Unsupported = 0x8000_0001,

    /// <summary>This client may not.</summary>
    Policy = 0x8000_0002,

    /// <summary>The request is broken.</summary>
    Invalid = 0x8000_0003,

    /// <summary>The server can't at the moment.</summary>
    Platform = 0x8000_0004,

    /// <summary>Only over TLS.</summary>
    TlsRequired = 0x8000_0005,

    /// <summary>There is no such disk.</summary>
    Unknown = 0x8000_0006,
}
