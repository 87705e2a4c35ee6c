namespace Redoubt.Console.Srs;

/// <summary>By which column disks are sorted.</summary>
internal enum DiskColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>How large they are for a guest.</summary>
    Size,

    /// <summary>What they take on the storage.</summary>
    Used,

    /// <summary>What they are for.</summary>
    Kind,

    /// <summary>Whose drives they are in.</summary>
    Vms,

    /// <summary>Whether they are there.</summary>
    State,
}
