namespace Redoubt.Console.Srs;

/// <summary>What has to be said of a place where storage lies.</summary>
internal enum SrField
{
    /// <summary>A directory.</summary>
    Location,

    /// <summary>A directory, or an export.</summary>
    LocationIso,

    /// <summary>A block device.</summary>
    Device,

    /// <summary>A server.</summary>
    Server,

    /// <summary>What the server exports.</summary>
    Path,

    /// <summary>The version of NFS.</summary>
    Version,

    /// <summary>Options of the mount.</summary>
    Options,

    /// <summary>Ceph's monitors.</summary>
    Monitors,

    /// <summary>A pool of Ceph.</summary>
    Pool,

    /// <summary>A user of Ceph.</summary>
    User,

    /// <summary>That user's key.</summary>
    Key,
}
