namespace Redoubt.Compute;

/// <summary>What an existing domain is doing; a VM without a domain is halted.</summary>
public enum DomainPowerState
{
    /// <summary>The guest runs.</summary>
    Running,

    /// <summary>The guest is stopped between two instructions, and can go on.</summary>
    Paused,

    /// <summary>As <see cref="Paused"/>, by the hypervisor, because a disk failed or is full.</summary>
    PausedByDiskError,

    /// <summary>The guest has put itself to sleep (ACPI S3).</summary>
    Asleep,

    /// <summary>The guest has switched itself off, and its process is ending.</summary>
    ShuttingDown,

    /// <summary>The guest has crashed, and its memory is kept.</summary>
    Crashed,
}
