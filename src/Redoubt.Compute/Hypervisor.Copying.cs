using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <content>Copies of a running guest's disks.</content>
public sealed partial class Hypervisor
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Copies disks of a guest, all as they are at one moment, while the guest goes on; returns when the copies are whole and durable. The
    /// guest is held up for milliseconds only, however large the disks are.
    /// </summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="copies">Which disks, and into what.</param>
    /// <param name="report">Told how far it is, from 0 to 1.</param>
    /// <param name="cancellationToken">Breaks it off; what the copies hold then is undefined.</param>
    /// <exception cref="HypervisorException">They could not be made. Nothing of it is left in the guest.</exception>
    public Task CopyDisksAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken) =>
        CopyAsync(uuid, copies, (c, begin) => begin(), AnswerLimit, report, cancellationToken);

    /// <summary>
    /// The same at a moment at which the guest's agent holds its file systems still, which it does for as long as it takes to say so and no
    /// longer, whatever becomes of the copies.
    /// </summary>
    /// <inheritdoc cref="CopyDisksAsync"/>
    /// <exception cref="HypervisorException">
    /// <see cref="HypervisorFailure.NotQuiet"/>: the guest has no agent, or that does not answer or can't hold them still; nothing was
    /// copied.
    /// </exception>
    public Task CopyQuietDisksAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken) =>
        CopyAsync(uuid, copies, (c, begin) => WhileQuiet(c, uuid, begin), AnswerLimit + (3 * QuietLimit), report, cancellationToken);

    private async Task CopyAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Action<LibvirtConnection, Action> around, TimeSpan limit, Func<double, Task> report,
        CancellationToken cancellationToken)
    {
        Task<double> ProgressAsync() => CallAsync(uuid.ToString("D"), c => Copying(c, uuid).Progress(copies.Count), cancellationToken);

        if (copies.Count == 0)
            return;
        if (!GuestAccount.CanHandOver())
            throw new HypervisorException(
                HypervisorFailure.Refused, uuid.ToString("D"), "libvirt is too old to copy disks of a running guest.",
                "Install libvirt 8.2 or later, or halt the VM first.");
        try
        {
            await DoAsync(uuid, c => around(c, () => Copying(c, uuid).Begin(copies)), CancellationToken.None, limit);
            while (await ProgressAsync() is var part && part < 1)
            {
                await report(part);
                await Task.Delay(LookEvery, _time, cancellationToken);
            }
        }
        finally
        {
            await EndCopiesAsync(uuid);
        }

        foreach (var copy in copies)
        {
            using var file = File.OpenHandle(copy.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }
    }

    /// <summary>
    /// Breaks off what is under way of such copies, as a process that died has left it, and has the guest let their images go.
    /// </summary>
    /// <exception cref="HypervisorException">The guest does not answer.</exception>
    public async Task EndCopiesAsync(Guid uuid)
    {
        if (_uri.Kind == HypervisorKind.Test)
            return; // Its guests are only pretended.
        try
        {
            while (!await CallAsync(uuid.ToString("D"), c => Copying(c, uuid).TryEnd(), CancellationToken.None))
                await Task.Delay(LookEvery, _time, CancellationToken.None);
        }
        catch (HypervisorException gone) when (gone.Failure == HypervisorFailure.NotRunning)
        {
            // With the guest ended all of it.
        }
    }

    private static DiskCopying Copying(LibvirtConnection connection, Guid uuid) =>
        new((command, arguments, file) => connection.Ask(uuid, command, arguments, file));
}
