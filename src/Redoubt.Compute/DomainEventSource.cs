namespace Redoubt.Compute;

/// <summary>Turns libvirt's lifecycle events into ours and hands them to every reader.</summary>
internal sealed class DomainEventSource(string uri)
{
    private readonly Lock _gate = new();
    private readonly HashSet<DomainEventQueue> _readers = [];
    private readonly TaskCompletionSource<HypervisorException> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;
    private HypervisorException? _failure;

    /// <summary>Ends when the connection breaks.</summary>
    internal Task<HypervisorException> Lost => _lost.Task;

    internal DomainEventQueue Join()
    {
        var queue = new DomainEventQueue();
        lock (_gate)
        {
            if (_ended)
                queue.Complete(_failure);
            else
                _readers.Add(queue);
        }

        return queue;
    }

    internal void Leave(DomainEventQueue queue)
    {
        lock (_gate)
            _readers.Remove(queue);
    }

    /// <summary>A <c>virDomainEventType</c> with its detail; called on libvirt's event thread.</summary>
    internal void Lifecycle(Guid uuid, int type, int detail)
    {
        if (KindOf(type, detail) is { } kind)
            Publish(new DomainEvent(kind, uuid));
    }

    internal void Rebooted(Guid uuid) => Publish(new DomainEvent(DomainEventKind.Rebooted, uuid));

    internal void DeviceRemoved(Guid uuid) => Publish(new DomainEvent(DomainEventKind.DeviceRemoved, uuid));

    /// <summary>The connection broke; readers must not wait for events that can no longer come.</summary>
    internal void Closed() => End(new HypervisorException(
        HypervisorFailure.ConnectionFailed,
        uri,
        $"The connection to the hypervisor {uri} is lost.",
        "The guests are not affected; check that libvirtd runs there, then connect again."));

    internal void End(HypervisorException? failure)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            _failure = failure;
            if (failure is not null)
                _lost.TrySetResult(failure);
            foreach (var reader in _readers)
                reader.Complete(failure);
            _readers.Clear();
        }
    }

    internal static DomainEventKind? KindOf(int type, int detail) => (type, detail) switch
    {
        (0 or 1, _) => DomainEventKind.Defined,
        (2, _) => DomainEventKind.Started,
        (3, 2) => DomainEventKind.PausedByDiskError,
        (3, _) => DomainEventKind.Paused,
        (4, _) => DomainEventKind.Resumed,
        (5, 0) => DomainEventKind.ShutDown,
        (5, 2 or 5) => DomainEventKind.Crashed, // 5: QEMU itself died.
        (5, _) => DomainEventKind.Destroyed,
        _ => null, // 6 and 8: announcements of a stop that follows; 7: sleep.
    };

    private void Publish(DomainEvent happened)
    {
        lock (_gate)
        {
            foreach (var reader in _readers)
                reader.Add(happened);
        }
    }
}
