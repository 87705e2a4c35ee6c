namespace Redoubt.Server.Nbd;

/// <summary>What a client may ask before it reads, in the protocol's numbers.</summary>
internal enum NbdOption
{
    /// <summary>To read a disk, without an answer: the oldest way.</summary>
    ExportName = 1,

    /// <summary>Nothing more.</summary>
    Abort = 2,

    /// <summary>Which disks there are.</summary>
    List = 3,

    /// <summary>To go on over TLS.</summary>
    StartTls = 5,

    /// <summary>What a disk is like.</summary>
    Info = 6,

    /// <summary>To read a disk.</summary>
    Go = 7,

    /// <summary>That holes may be told of when it reads.</summary>
    StructuredReply = 8,

    /// <summary>What more can be told of a disk.</summary>
    ListMetaContext = 9,

    /// <summary>To be told more of a disk.</summary>
    SetMetaContext = 10,
}
