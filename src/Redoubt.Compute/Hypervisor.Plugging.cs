using System.Xml.Linq;
using Microsoft.Win32.SafeHandles;
using Redoubt.Compute.Libvirt;
using Redoubt.Storage;

namespace Redoubt.Compute;

/// <content>
/// Devices that come and go while a guest runs. Where QEMU has given up root it opens no image by its name; it is handed it open, twice,
/// to read and to write, for it opens images anew when a guest is suspended (see <see cref="GuestAccount"/>).
/// </content>
public sealed partial class Hypervisor
{
    private static readonly TimeSpan UnplugLimit = TimeSpan.FromSeconds(20);

    /// <summary>The devices that a guest has; null: it does not run here, or is only pretended.</summary>
    public async Task<GuestDevices?> FindDevicesAsync(Guid uuid, CancellationToken cancellationToken)
    {
        if (_uri.Kind == HypervisorKind.Test || Strays.ContainsKey(uuid))
            return null;
        try
        {
            return await CallAsync(uuid.ToString("D"), c => GuestDevices.Of(XElement.Parse(c.Xml(uuid))), cancellationToken);
        }
        catch (HypervisorException gone) when (gone.Failure == HypervisorFailure.NotRunning)
        {
            return null;
        }
    }

    /// <summary>Gives a guest a disk.</summary>
    /// <exception cref="HypervisorException">It has not got it.</exception>
    public Task PlugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken)
    {
        Require(!disk.IsCdrom, uuid, "A CD drive is on a bus (SATA) that takes none while the guest runs.");
        return PlugAsync(
            uuid, $"disk {disk.Device}", disk.Source,
            c =>
            {
                using var secrets = DiskSecrets.Define(_uri, c, uuid, [disk]);
                WithImage(c, uuid, disk, (on, group) => on.Attach(uuid, Text(Named(DomainXml.Disk(uuid, disk), group))));
            },
            cancellationToken);
    }

    /// <summary>Asks a guest to let a disk go; returns when it has, or after some twenty seconds.</summary>
    /// <exception cref="HypervisorException">It could not be asked.</exception>
    public async Task<UnplugResult> UnplugDiskAsync(Guid uuid, DomainDisk disk, CancellationToken cancellationToken)
    {
        Require(!disk.IsCdrom, uuid, "A CD drive is on a bus (SATA) from which none can be taken while the guest runs.");
        var result = await UnplugAsync(uuid, $"disk {disk.Device}", domain => GuestDevices.Disk(domain, disk), cancellationToken);
        if (result != UnplugResult.Gone)
            return result;
        try
        {
            await DoAsync(uuid, c => ForgetFiles(c, uuid, disk), CancellationToken.None);
        }
        catch (HypervisorException)
        {
            // The disk has gone, and whoever asked must write that down.
        }

        return result;
    }

    /// <summary>Changes what is in a CD drive; without a source it is empty then.</summary>
    /// <exception cref="HypervisorException">
    /// It could not be changed. <see cref="HypervisorFailure.DriveLocked"/>: the guest holds on to what is in it.
    /// </exception>
    public Task ChangeMediumAsync(Guid uuid, DomainDisk drive, CancellationToken cancellationToken) => PlugAsync(
        uuid, $"CD drive {drive.Device}", drive.Source,
        c => WithImage(
            c, uuid, drive,
            (on, group) =>
            {
                var now = GuestDevices.Disk(XElement.Parse(on.Xml(uuid)), drive)
                    ?? throw new LibvirtException(LibvirtError.OperationFailed, "the guest has no such drive");
                var fresh = Named(DomainXml.Disk(uuid, drive), group);

                // All else must stay as libvirt has it, or it takes it for another drive.
                now.Elements("backingStore").Remove();
                now.Elements("source").Remove();
                now.Element("target")?.Attribute("tray")?.Remove();
                now.SetAttributeValue("type", (string?)fresh.Attribute("type"));
                if (fresh.Element("source") is { } source)
                {
                    now.Add(new XElement(source), fresh.Element("backingStore"));
                    now.Element("driver")?.SetAttributeValue("type", (string?)fresh.Element("driver")!.Attribute("type"));
                }

                on.Change(uuid, Text(now));
                if (drive.Source is null)
                    ForgetFiles(on, uuid, drive);
            }),
        cancellationToken);

    /// <summary>Gives a guest a network interface on a bridge.</summary>
    /// <exception cref="HypervisorException">It has not got it.</exception>
    public Task PlugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken)
    {
        RequireBridge(uuid, nic);
        return PlugAsync(
            uuid, $"network interface {nic.Device}", null, c => c.Attach(uuid, Text(DomainXml.Nic(nic, hasBootRom: false))),
            cancellationToken);
    }

    /// <summary>Asks a guest to let a network interface go; returns when it has, or after some twenty seconds.</summary>
    /// <exception cref="HypervisorException">It could not be asked.</exception>
    public Task<UnplugResult> UnplugNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken)
    {
        RequireNoSegment(uuid, nic);
        return UnplugAsync(uuid, $"network interface {nic.Device}", domain => GuestDevices.Nic(domain, nic.Mac), cancellationToken);
    }

    /// <summary>Connects a guest's network interface on a bridge to another bridge.</summary>
    /// <exception cref="HypervisorException">It is where it was.</exception>
    public Task MoveNicAsync(Guid uuid, DomainNic nic, CancellationToken cancellationToken)
    {
        RequireBridge(uuid, nic);
        return PlugAsync(
            uuid, $"network interface {nic.Device}", null,
            c =>
            {
                var now = GuestDevices.Nic(XElement.Parse(c.Xml(uuid)), nic.Mac)
                    ?? throw new LibvirtException(LibvirtError.OperationFailed, "the guest has no such interface");
                now.Element("source")!.ReplaceAttributes(new XAttribute("bridge", nic.Bridge!));
                c.Change(uuid, Text(now));
            },
            cancellationToken);
    }

    /// <summary>Grows a disk of a guest, and has the guest see it.</summary>
    /// <exception cref="HypervisorException">It could not.</exception>
    public Task ResizeDiskAsync(Guid uuid, DomainDisk disk, long bytes, CancellationToken cancellationToken) => PlugAsync(
        uuid, $"disk {disk.Device}", disk.Source, c => c.ResizeDisk(uuid, DomainXml.Target(disk), bytes), cancellationToken);

    /// <summary>Changes how many processors a guest has. One that is taken away the guest must let go.</summary>
    /// <exception cref="HypervisorException">It could not.</exception>
    public Task SetVcpusAsync(Guid uuid, int count, CancellationToken cancellationToken) =>
        PlugAsync(uuid, "number of processors", null, c => c.SetVcpus(uuid, count), cancellationToken);

    private async Task PlugAsync(
        Guid uuid, string what, DiskSource? source, Action<LibvirtConnection> act, CancellationToken cancellationToken)
    {
        if (_uri.Kind == HypervisorKind.Test)
        {
            await DoAsync(uuid, c => _ = c.Find(uuid) ?? throw new LibvirtException(LibvirtError.NoDomain, "no domain"), cancellationToken);
            return; // Its guests are only pretended.
        }

        await DoAsync(
            uuid,
            c =>
            {
                try
                {
                    act(c);
                }
                catch (LibvirtException refused) when (IsAboutDevice(refused))
                {
                    throw PlugFailure.Explain(uuid, what, source, refused);
                }
            },
            cancellationToken);
    }

    private async Task<UnplugResult> UnplugAsync(
        Guid uuid, string what, Func<XElement, XElement?> find, CancellationToken cancellationToken) => _uri.Kind == HypervisorKind.Test
        ? UnplugResult.Gone // Its guests are only pretended.
        : await AskToLetGoAsync(
            uuid, what, c => find(XElement.Parse(c.Xml(uuid))) is not null,
            c =>
            {
                if (find(XElement.Parse(c.Xml(uuid))) is { } device)
                    c.Detach(uuid, Text(device));
            },
            cancellationToken);

    // What a disk that has gone was handed over with; what is left over of that is let go at the next change of the same disk.
    private void ForgetFiles(LibvirtConnection c, Guid uuid, DomainDisk disk)
    {
        if (Facts.Platform.Account is not null)
            HandedFiles.Forget(c, uuid, $"redoubt-disk{disk.Device}");
    }

    private async Task<UnplugResult> AskToLetGoAsync(
        Guid uuid, string what, Func<LibvirtConnection, bool> has, Action<LibvirtConnection> ask, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var isRejected = await CallAsync(
            uuid.ToString("D"),
            c =>
            {
                try
                {
                    ask(c);
                    return false;
                }
                catch (LibvirtException refused) when (IsAboutDevice(refused))
                {
                    if (!has(c) || PlugFailure.IsAskedAlready(refused))
                        return false;
                    return PlugFailure.IsRejection(refused) ? true : throw PlugFailure.Explain(uuid, what, null, refused);
                }
            },
            cancellationToken);
        while (await CallAsync(uuid.ToString("D"), has, cancellationToken))
        {
            if (isRejected)
                return UnplugResult.Rejected;
            if (_time.GetElapsedTime(began) > UnplugLimit)
                return UnplugResult.Unanswered;
            await Task.Delay(LookEvery, _time, cancellationToken);
        }

        return UnplugResult.Gone;
    }

    // What libvirt is lent open stays open for as long as the guest has the disk, and of what is left over only until its connection ends.
    private void WithImage(LibvirtConnection shared, Guid uuid, DomainDisk disk, Action<LibvirtConnection, string?> act)
    {
        if (Facts.Platform.Account is null || disk.Source is null or DiskSource.Network)
        {
            act(shared, null);
            return;
        }

        Require(GuestAccount.CanAssociate(), uuid, "libvirt is too old to hand a running guest an open image (9.0 can).");
        Require(disk.Source is DiskSource.File, uuid, "The disk is a block device, which a running guest can't be handed.");
        var path = disk.Source.LocalPath!;
        SafeFileHandle[] files = disk.ReadOnly || disk.IsCdrom ? [Open(path, FileAccess.Read)]
            : [Open(path, FileAccess.ReadWrite), Open(path, FileAccess.Read)];
        try
        {
            Require(
                disk.Source.Format != DiskFormat.Qcow2 || !IsOverlay(files[0]), uuid,
                "The disk's image builds on another one, which a running guest can't be handed.");
            using var lender = LibvirtConnection.Open(_uri.Text);
            var group = $"redoubt-disk{disk.Device}";
            lender.AssociateFiles(uuid, group, files);
            try
            {
                act(lender, group);
            }
            catch (LibvirtException unlent) when (HandedFiles.SetNotLent(unlent) is { } set)
            {
                HandedFiles.Hand(lender, uuid, group, set + 1, files);
                act(lender, group);
            }
        }
        finally
        {
            foreach (var file in files)
                file.Dispose();
        }

        SafeFileHandle Open(string name, FileAccess access)
        {
            try
            {
                return File.OpenHandle(name, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (FileNotFoundException missing)
            {
                throw new HypervisorException(
                    HypervisorFailure.DiskMissing, name, $"The image of disk {disk.Device}, {name}, does not exist.",
                    "Check that its storage repository is attached and scanned.", missing);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                throw new HypervisorException(
                    HypervisorFailure.DiskUnreadable, name, $"The image of disk {disk.Device}, {name}, can't be read ({refused.Message}).",
                    "Check the image (qemu-img check) and who may read it.", refused);
            }
        }
    }

    // The place of the name of the image that a qcow2 image builds on, big-endian, in its second eight bytes; 0: none.
    private static bool IsOverlay(SafeFileHandle image)
    {
        Span<byte> head = stackalloc byte[16];
        return RandomAccess.Read(image, head, 0) < head.Length || head[8..].IndexOfAnyExcept((byte)0) >= 0;
    }

    // What else there is (no such domain, no answer) is told apart where every call ends.
    private static bool IsAboutDevice(LibvirtException refused) =>
        refused.Error is not (LibvirtError.NoDomain or LibvirtError.OperationTimeout or LibvirtError.Rpc or LibvirtError.NoConnect);

    private void RequireBridge(Guid uuid, DomainNic nic)
    {
        RequireNoSegment(uuid, nic);
        Require(nic.Bridge is { } bridge && HasBridge(bridge), uuid, $"This host has no bridge for network interface {nic.Device}.");
    }

    // libvirt knows nothing of those, and would leave them out of what is kept of a guest that is suspended.
    private static void RequireNoSegment(Guid uuid, DomainNic nic) => Require(
        nic.Segment is null, uuid,
        "An internal network is a segment of QEMU's own here, which no guest joins or leaves while it runs (a daemon that may make "
            + "bridges has no need of them).");

    private static void Require(bool holds, Guid uuid, string otherwise)
    {
        if (!holds)
            throw new HypervisorException(
                HypervisorFailure.DeviceRefused, uuid.ToString("D"), otherwise,
                "Shut the guest down for it; the VM has it at its next start.");
    }

    private static XElement Named(XElement disk, string? group)
    {
        if (group is null || disk.Element("source") is not { } source)
            return disk;
        source.SetAttributeValue("fdgroup", group);

        // Or libvirt looks for an image that it builds on, and takes what it was lent for missing.
        source.AddAfterSelf(new XElement("backingStore"));
        return disk;
    }

    private static string Text(XElement element) => element.ToString(SaveOptions.DisableFormatting);
}
