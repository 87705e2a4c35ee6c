using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>
/// The registration of one listener for the lifecycle events of all domains of a connection.
/// </summary>
/// <remarks>The listener is called on libvirt's event thread and must return at once.</remarks>
internal sealed unsafe class LifecycleSubscription
{
    private const int LifecycleEvent = 0; // VIR_DOMAIN_EVENT_ID_LIFECYCLE
    private const int RebootEvent = 1; // VIR_DOMAIN_EVENT_ID_REBOOT
    private const int DeviceRemovedEvent = 15; // VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED
    private readonly int _lifecycle;
    private readonly int _reboot;
    private readonly int _removed;
    private readonly bool _watchesClose;

    internal LifecycleSubscription(ConnectionHandle connection, DomainEventSource listener, bool watchClose)
    {
        _lifecycle = Register(connection, listener, LifecycleEvent, (delegate* unmanaged<nint, nint, int, int, nint, int>)&OnLifecycle);
        _reboot = Register(connection, listener, RebootEvent, (delegate* unmanaged<nint, nint, nint, void>)&OnReboot);
        _removed = Register(connection, listener, DeviceRemovedEvent, (delegate* unmanaged<nint, nint, nint, nint, void>)&OnDeviceRemoved);
        _watchesClose = watchClose;
        if (!watchClose)
            return;
        var opaque = Root(listener);
        if (Native.ConnectRegisterCloseCallback(connection, &OnClose, opaque, &Free) < 0)
            throw FailedWith(opaque);
    }

    internal void Remove(ConnectionHandle connection)
    {
        if (_watchesClose)
            _ = Native.ConnectUnregisterCloseCallback(connection, &OnClose);
        _ = Native.DomainEventDeregisterAny(connection, _removed);
        _ = Native.DomainEventDeregisterAny(connection, _reboot);
        _ = Native.DomainEventDeregisterAny(connection, _lifecycle);
    }

    private static int Register(ConnectionHandle connection, DomainEventSource listener, int eventId, void* callback)
    {
        var opaque = Root(listener);
        var id = Native.DomainEventRegisterAny(connection, 0, eventId, callback, opaque, &Free);
        return id < 0 ? throw FailedWith(opaque) : id;
    }

    // Each registration has a root of its own, because libvirt frees each on its own, and not before its last callback has returned.
    private static nint Root(DomainEventSource listener) => GCHandle.ToIntPtr(GCHandle.Alloc(listener));

    private static LibvirtException FailedWith(nint opaque)
    {
        var failure = LibvirtException.Last();
        GCHandle.FromIntPtr(opaque).Free();
        return failure;
    }

    private static Guid UuidOf(nint domain)
    {
        var bytes = stackalloc byte[16];
        return Native.DomainGetUuid(domain, bytes) < 0 ? Guid.Empty : new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true);
    }

    [UnmanagedCallersOnly]
    private static int OnLifecycle(nint connection, nint domain, int kind, int detail, nint opaque)
    {
        (GCHandle.FromIntPtr(opaque).Target as DomainEventSource)?.Lifecycle(UuidOf(domain), kind, detail);
        return 0;
    }

    [UnmanagedCallersOnly]
    private static void OnReboot(nint connection, nint domain, nint opaque) =>
        (GCHandle.FromIntPtr(opaque).Target as DomainEventSource)?.Rebooted(UuidOf(domain));

    [UnmanagedCallersOnly]
    private static void OnDeviceRemoved(nint connection, nint domain, nint alias, nint opaque) =>
        (GCHandle.FromIntPtr(opaque).Target as DomainEventSource)?.DeviceRemoved(UuidOf(domain));

    [UnmanagedCallersOnly]
    private static void OnClose(nint connection, int reason, nint opaque) =>
        (GCHandle.FromIntPtr(opaque).Target as DomainEventSource)?.Closed();

    [UnmanagedCallersOnly]
    private static void Free(nint opaque) => GCHandle.FromIntPtr(opaque).Free();
}
