namespace Redoubt.Compute;

/// <summary>Waiting for guests to stop.</summary>
public static class GuestStops
{
    /// <summary>Waits until the VM does not run on a host; at once when it does not.</summary>
    public static async Task WaitForStoppedAsync(this IHypervisor hypervisor, Guid uuid, CancellationToken cancellationToken)
    {
        await foreach (var happened in hypervisor.EventsAsync(cancellationToken))
        {
            if (happened.Uuid == uuid && happened.IsStop)
                return;
            if (happened.Kind == DomainEventKind.Resync && await hypervisor.FindAsync(uuid, cancellationToken) is null)
                return;
        }

        throw new ObjectDisposedException(nameof(Hypervisor));
    }
}
