using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>Reads libvirt's words for why a hypervisor could not be opened. Pure.</summary>
internal static class OpenFailure
{
    internal static HypervisorException Explain(HypervisorUri uri, LibvirtException cause)
    {
        var text = cause.Message;
        bool Says(string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);

        if (Says("no connection driver available"))
            return Because(
                HypervisorFailure.DriverMissing,
                $"libvirt has no driver for {uri.Text}.",
                "Install it (Debian and Ubuntu: apt-get install libvirt-daemon-driver-qemu qemu-system-x86).");
        if (Says("Failed to parse user") || Says("Failed to parse group"))
            return Because(
                HypervisorFailure.AccountMissing,
                $"libvirt's QEMU driver insists on an account that this host lacks ({text}).",
                "Create it (useradd --system --user-group --no-create-home --shell /usr/sbin/nologin libvirt-qemu), or "
                    + "install libvirt-daemon-system.");
        if (Says("driver.pid"))
            return RootInUse(uri, cause);
        if (Says("state driver is not active"))
            return Because(
                HypervisorFailure.ConnectionFailed,
                $"The hypervisor {uri.Text} could not be opened before, and libvirt allows one attempt per process.",
                "Mend what its log (log/libvirt.log below the root) complains of, then restart this process.");
        if (Says("Cannot find") && Says("emulator") || Says("unable to find") && Says("qemu"))
            return Because(
                HypervisorFailure.EmulatorMissing,
                $"libvirt finds no emulator ({text}).",
                "Install it (Debian and Ubuntu: apt-get install qemu-system-x86).");
        return Because(
            HypervisorFailure.ConnectionFailed,
            $"The hypervisor {uri.Text} can't be reached: {text}",
            "Check that the URI is right, that libvirtd runs there, and that this user may use it.");

        HypervisorException Because(HypervisorFailure failure, string problem, string advice) =>
            new(failure, uri.Text, problem, advice, cause);
    }

    internal static HypervisorException RootInUse(HypervisorUri uri, Exception cause) => new(
        HypervisorFailure.RootInUse,
        uri.Text,
        $"Another process runs the hypervisor on {uri.Root}.",
        "Stop that process (its number is in run/qemu/driver.pid), or give this one a root of its own.",
        cause);
}
