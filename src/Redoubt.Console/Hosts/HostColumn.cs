namespace Redoubt.Console.Hosts;

/// <summary>By which column hosts are sorted.</summary>
internal enum HostColumn
{
    /// <summary>Their names.</summary>
    Name,

    /// <summary>Where they are.</summary>
    Address,

    /// <summary>Whether they take VMs.</summary>
    State,

    /// <summary>How much memory they have free.</summary>
    Memory,

    /// <summary>How many VMs run there.</summary>
    Vms,
}
