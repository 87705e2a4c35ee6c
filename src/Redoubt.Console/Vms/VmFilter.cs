namespace Redoubt.Console.Vms;

/// <summary>Which VMs are shown.</summary>
internal enum VmFilter
{
    /// <summary>All.</summary>
    All,

    /// <summary>Those that run.</summary>
    Running,

    /// <summary>Those that don't.</summary>
    Off,

    /// <summary>Those that a disaster would take.</summary>
    Exposed,

    /// <summary>Those in no vApp.</summary>
    Alone,
}
