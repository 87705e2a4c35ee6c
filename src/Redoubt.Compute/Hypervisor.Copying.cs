using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <content>Copies of a running guest's disks.</content>
public sealed partial class Hypervisor
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    // A guest stands still meanwhile.
    private static readonly TimeSpan HeldLookEvery = TimeSpan.FromMilliseconds(5);

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

    /// <summary>
    /// Writes a guest's memory into a file, which is replaced if it exists, and copies disks of it, all as they are at one moment; returns
    /// when all of it is whole and durable. The guest stands still while its memory is written, and goes on while its disks are copied; one
    /// that was paused stays so.
    /// <code>
    /// 1 the guest stands still
    /// 2 its memory written                    QEMU lets go of the disks at the end of that, and takes them again by itself in 4
    /// 3 the copies begun, and held            taking a disk while it is being read from is none of QEMU's strengths
    /// 4 the guest goes on
    /// 5 the copies made
    /// </code>
    /// </summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="path">The file, in the form of <see cref="SaveAsync"/>.</param>
    /// <param name="copies">Which disks, and into what.</param>
    /// <param name="report">Told how far it is, from 0 to 1.</param>
    /// <param name="cancellationToken">Breaks it off, when the memory is written; what was written then is undefined.</param>
    /// <exception cref="HypervisorException">It could not be done. The guest goes on, if it is there and answers.</exception>
    public async Task CheckpointAsync(
        Guid uuid, string path, IReadOnlyList<DiskCopy> copies, Func<double, Task> report, CancellationToken cancellationToken)
    {
        RequireCopying(uuid);
        var ran = await CallAsync(
            uuid.ToString("D"), c => c.Find(uuid) is { PowerState: DomainPowerState.Running }, cancellationToken);
        try
        {
            await DoAsync(
                uuid,
                c =>
                {
                    HandOver(c, uuid, isWriting: true);
                    if (ran)
                        c.Suspend(uuid);
                    c.KeepMemory(uuid, path);
                },
                CancellationToken.None,
                Timeout.InfiniteTimeSpan); // As long as its memory takes.
            cancellationToken.ThrowIfCancellationRequested();
            if (copies.Count > 0)
            {
                await DoAsync(uuid, c => Copying(c, uuid).BeginHeld(copies), CancellationToken.None);
                while (!await CallAsync(uuid.ToString("D"), c => Copying(c, uuid).IsHeld(), CancellationToken.None))
                    await Task.Delay(HeldLookEvery, _time, cancellationToken);
            }

            if (ran)
                await DoAsync(uuid, c => c.Resume(uuid), CancellationToken.None);
            if (copies.Count > 0)
            {
                await DoAsync(uuid, c => Copying(c, uuid).LetRun(), CancellationToken.None);
                await FinishAsync(uuid, copies.Count, report, cancellationToken);
            }
        }
        catch (Exception)
        {
            await EndCopiesAsync(uuid);
            if (ran)
                await TryGoOnAsync(uuid);
            throw;
        }

        await EndCopiesAsync(uuid);
        Flush(copies);
    }

    // Whoever calls hears what went wrong before; what is not done here is done by the next who looks at the host.
    private async Task TryGoOnAsync(Guid uuid)
    {
        try
        {
            await GoOnAsync(uuid, CancellationToken.None);
        }
        catch (HypervisorException gone) when (gone.Failure
            is HypervisorFailure.NotRunning or HypervisorFailure.NotAnswering or HypervisorFailure.ConnectionFailed)
        {
            // It has ended, or nobody can tell it anything now.
        }
    }

    private static void RequireCopying(Guid uuid)
    {
        if (!GuestAccount.CanHandOver())
            throw new HypervisorException(
                HypervisorFailure.Refused, uuid.ToString("D"), "libvirt is too old to copy disks of a running guest.",
                "Install libvirt 8.2 or later, or halt the VM first.");
    }

    private async Task FinishAsync(Guid uuid, int count, Func<double, Task> report, CancellationToken cancellationToken)
    {
        Task<double> ProgressAsync() => CallAsync(uuid.ToString("D"), c => Copying(c, uuid).Progress(count), cancellationToken);

        while (await ProgressAsync() is var part && part < 1)
        {
            await report(part);
            await Task.Delay(LookEvery, _time, cancellationToken);
        }
    }

    private static void Flush(IReadOnlyList<DiskCopy> copies)
    {
        foreach (var copy in copies)
        {
            using var file = File.OpenHandle(copy.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }
    }

    private async Task CopyAsync(
        Guid uuid, IReadOnlyList<DiskCopy> copies, Action<LibvirtConnection, Action> around, TimeSpan limit, Func<double, Task> report,
        CancellationToken cancellationToken)
    {
        if (copies.Count == 0)
            return;
        RequireCopying(uuid);
        try
        {
            await DoAsync(uuid, c => around(c, () => Copying(c, uuid).Begin(copies)), CancellationToken.None, limit);
            await FinishAsync(uuid, copies.Count, report, cancellationToken);
        }
        finally
        {
            await EndCopiesAsync(uuid);
        }

        Flush(copies);
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
