namespace Redoubt.Compute;

/// <summary>Something that happened to a domain.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Uuid">The VM; <see cref="Guid.Empty"/> with <see cref="DomainEventKind.Resync"/>.</param>
public sealed record DomainEvent(DomainEventKind Kind, Guid Uuid)
{
    /// <summary>The domain no longer exists.</summary>
    public bool IsStop => Kind is DomainEventKind.ShutDown or DomainEventKind.Destroyed or DomainEventKind.Crashed;
}
