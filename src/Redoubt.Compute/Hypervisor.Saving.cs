using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <content>
/// Guests whose memory lies in a file. libvirt marks the file as whole when its last byte is written, and only then ends the domain, so at
/// each moment there is a domain or a whole file; where there are both, the domain is the guest.
/// </content>
public sealed partial class Hypervisor
{
    /// <summary>Writes the guest's memory into a file, which is replaced if it exists, and ends the domain.</summary>
    /// <exception cref="HypervisorException">It could not; the guest goes on, if <see cref="GoOnAsync"/> is called.</exception>
    public Task SaveAsync(Guid uuid, string path, CancellationToken cancellationToken) =>
        DoAsync(
            uuid,
            c =>
            {
                HandOver(c, uuid, isWriting: true);
                c.Save(uuid, path);
            },
            cancellationToken,
            Timeout.InfiniteTimeSpan); // As long as its memory takes.

    /// <summary>Whether a file holds the whole memory of a guest.</summary>
    public Task<bool> IsSavedAsync(string path, CancellationToken cancellationToken) =>
        CallAsync(path, c => TryReadSaved(c, path) is not null, cancellationToken);

    /// <summary>
    /// Makes the guest again whose memory lies in a file, with the disks, networks and sockets that it has on this host; what the guest
    /// sees of its machine stays as it was, and devices that it did not have then are left out. It is left paused before its next
    /// instruction. The file stays.
    /// </summary>
    /// <exception cref="HypervisorException">It is not there; nothing of it is left behind.</exception>
    public Task RestoreAsync(DomainConfig config, string path, CancellationToken cancellationToken) =>
        MakeAgainAsync(
            config,
            path,
            c => TryReadSaved(c, path) ?? throw new HypervisorException(
                HypervisorFailure.SavedStateUnusable, path, $"The file {path} does not hold the whole state of a suspended guest.",
                "Discard it by switching the VM off (vm-shutdown --force); then the VM can be started from its disks."),
            StartLimit,
            cancellationToken);

    private async Task MakeAgainAsync(
        DomainConfig config, string path, Func<LibvirtConnection, string> describe, TimeSpan limit, CancellationToken cancellationToken)
    {
        var memory = await PrepareAsync(config, cancellationToken);
        try
        {
            await RunAsync(
                c =>
                {
                    var saved = describe(c);
                    using var secrets = DiskSecrets.Define(_uri, c, config.Uuid, config.Disks);
                    var isTest = _uri.Kind == HypervisorKind.Test; // It takes neither another description nor an order to stay paused.
                    c.Restore(path, isTest ? null : SavedDomain.Adapt(saved, config, Facts.Platform), paused: !isTest);
                    if (isTest)
                        c.Suspend(config.Uuid);
                    try
                    {
                        HandOver(c, config.Uuid, isWriting: false);
                    }
                    catch
                    {
                        c.Destroy(config.Uuid);
                        throw;
                    }

                    return true;
                },
                limit,
                cancellationToken);
        }
        catch (LibvirtException refused)
        {
            throw await WhyNotStartedAsync(config, memory, refused);
        }
        catch (TimeoutException hanging)
        {
            throw NotAnswering(config.Uuid.ToString("D"), hanging);
        }
    }

    /// <summary>
    /// Lets a guest go on whose saving or sending was broken off, by whatever; breaks it off where it is still under way. One that was sent
    /// goes on here as if it had not been: whoever asks for this has seen to it that it runs nowhere else.
    /// </summary>
    public async Task GoOnAsync(Guid uuid, CancellationToken cancellationToken)
    {
        await BreakOffSendingAsync(uuid);
        await DoAsync(uuid, c => GoOn(c, uuid), cancellationToken);
    }

    private static void GoOn(LibvirtConnection connection, Guid uuid)
    {
        connection.AbortJob(uuid);
        connection.RevokeMigration(uuid);

        // Waits for the end of what was broken off.
        if (connection.Find(uuid) is { PowerState: DomainPowerState.Paused })
            connection.Resume(uuid);
    }

    private void HandOver(LibvirtConnection connection, Guid uuid, bool isWriting) => ImagesOf(connection, uuid)?.Do(isWriting);

    private ImageHandover? ImagesOf(LibvirtConnection connection, Guid uuid) =>
        _uri.Root is { } root && GuestProcess.ListOn(root).Find(p => p.Name == uuid.ToString("D")) is { } process
            ? new ImageHandover(process, (command, arguments, file) => connection.Ask(uuid, command, arguments, file))
            : null;

    /// <summary>The description in a file; null if the file is none of libvirt's or was not written to its end.</summary>
    private static string? TryReadSaved(LibvirtConnection connection, string path)
    {
        try
        {
            return connection.SavedXml(path);
        }
        catch (LibvirtException refused) when (refused.Error is LibvirtError.OperationFailed or LibvirtError.Internal)
        {
            return null;
        }
    }
}
