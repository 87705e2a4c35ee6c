namespace Redoubt.Storage;

/// <summary>Looks into the bytes of disks.</summary>
public static class VdiBytes
{
    /// <summary>Has a raw disk looked at, where its bytes are on this host while that goes on.</summary>
    /// <param name="sr">The SR.</param>
    /// <param name="vdi">The disk.</param>
    /// <param name="look">The looking, which is told where; it is run on a thread that may wait for storage.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public static async Task<T> LookIntoAsync<T>(this ISr sr, VdiUuid vdi, Func<string, T> look, CancellationToken cancellationToken)
    {
        await using var device = await sr.OpenDeviceAsync(vdi, SrAccess.ReadOnly, cancellationToken);
        return await sr.LookAsync(() => look(device.Path), cancellationToken);
    }
}
