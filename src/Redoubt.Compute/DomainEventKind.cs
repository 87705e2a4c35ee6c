namespace Redoubt.Compute;

/// <summary>What happened to a domain.</summary>
public enum DomainEventKind
{
    /// <summary>Nothing in particular: events may have been missed, so ask for the whole list. Always the first event.</summary>
    Resync,

    /// <summary>The domain exists. A guest that was not started paused is <see cref="Resumed"/> next.</summary>
    Started,

    /// <summary>The guest runs on.</summary>
    Resumed,

    /// <summary>The guest was paused by request.</summary>
    Paused,

    /// <summary>The hypervisor paused the guest because a disk failed or is full.</summary>
    PausedByDiskError,

    /// <summary>The guest restarted itself, or was restarted; the domain goes on.</summary>
    Rebooted,

    /// <summary>The guest has let a device go that it was asked for, perhaps long after.</summary>
    DeviceRemoved,

    /// <summary>What the domain is defined as has changed, or it is defined no more; its guest, if it has one, goes on.</summary>
    Defined,

    /// <summary>The domain is gone: the guest shut itself down.</summary>
    ShutDown,

    /// <summary>The domain is gone: it was destroyed by request.</summary>
    Destroyed,

    /// <summary>The domain is gone, and nobody asked for it: the guest or its process crashed.</summary>
    Crashed,
}
