namespace Redoubt.Console.Networks;

/// <summary>By which column networks are sorted.</summary>
internal enum NetworkColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>The bridges of the hosts.</summary>
    Bridge,

    /// <summary>How long a packet may be.</summary>
    Mtu,

    /// <summary>How many VMs are on them.</summary>
    Vms,
}
