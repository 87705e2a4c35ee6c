namespace Redoubt.Compute;

/// <summary>The two ends of the line on which a guest's memory moves: whoever has both hosts joins them.</summary>
public interface IMigrationLines
{
    /// <summary>
    /// Opens the line at one end, before the guest is sent or received there. What it ends with ends: a guest that is being sent goes on,
    /// one that is being received is gone.
    /// </summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="isArriving">Whether this is the host that takes it: that end is written to; the other is read from, and written to
    /// once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">It can't be.</exception>
    Task<Stream> OpenMigrationAsync(Guid uuid, bool isArriving, CancellationToken cancellationToken);
}
