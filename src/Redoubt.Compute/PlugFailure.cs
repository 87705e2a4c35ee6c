using Redoubt.Compute.Libvirt;
using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>Reads libvirt's and QEMU's words for why a running guest was not given a device, or does not let one go. Pure.</summary>
internal static class PlugFailure
{
    /// <summary>Whether the guest itself said no.</summary>
    internal static bool IsRejection(LibvirtException cause) => Says(cause.Message, "rejected");

    /// <summary>Whether the guest has been asked for the device before, and has not let it go yet.</summary>
    internal static bool IsAskedAlready(LibvirtException cause) => Says(cause.Message, "in the process of unplug");

    /// <summary>Why it was not done.</summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="what">The device.</param>
    /// <param name="source">The disk that it is about.</param>
    /// <param name="cause">What libvirt said.</param>
    internal static HypervisorException Explain(Guid uuid, string what, DiskSource? source, LibvirtException cause)
    {
        // What the image is called says nothing of why.
        var place = source?.Place;
        var words = place is null ? cause.Message : cause.Message.Replace(place, "", StringComparison.Ordinal);
        if (place is not null && Says(words, "\" lock"))
            return new(
                HypervisorFailure.DiskInUse, place, $"The disk image {place} is open for writing in another process.",
                "Find out where it is used; on this host, fuser or lslocks names the process.", cause);
        if (Says(words, "locked") || Says(words, "tray"))
            return new(
                HypervisorFailure.DriveLocked, uuid.ToString("D"), $"The guest of VM {uuid:D} holds on to what is in its {what}.",
                "Have the guest let it go (eject, or umount) first.", cause);
        if (Says(words, "No more available PCI slots") || Says(words, "not available for") || Says(words, "in use by"))
            return new(
                HypervisorFailure.DeviceRefused, uuid.ToString("D"),
                $"The guest of VM {uuid:D} has no room on its bus for {what}.", "Take another device from it first.", cause);
        return new(
            HypervisorFailure.DeviceRefused, uuid.ToString("D"),
            $"With the {what} of the guest of VM {uuid:D} this can't be done while it runs: {cause.Message}.",
            "Shut the guest down for it.", cause);
    }

    private static bool Says(string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);
}
