namespace Redoubt.Console.Srs;

/// <summary>By which column SRs are sorted.</summary>
internal enum SrColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>What kind of storage it is.</summary>
    Type,

    /// <summary>How full they are.</summary>
    Use,

    /// <summary>Whether the pool's metadata lie on them.</summary>
    Protection,

    /// <summary>How many hosts have them attached.</summary>
    Attached,

    /// <summary>How many VMs have disks there.</summary>
    Vms,
}
