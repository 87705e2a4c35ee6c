using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// Reads libvirt's and QEMU's words for why a guest did not start. Pure; where they are not understood they are passed on as they are.
/// </summary>
/// <remarks>QEMU has no error codes: its texts, which have not changed for years, are all there is.</remarks>
internal static class StartFailure
{
    /// <summary>
    /// Whether libvirt speaks of its connection to QEMU: one that ends at once may do so before libvirt is connected to its monitor, and
    /// then libvirt does not say why it ended.
    /// </summary>
    internal static bool IsOfMonitor(LibvirtException cause) => cause.Message.Contains("monitor", StringComparison.OrdinalIgnoreCase);

    /// <summary>Why a guest did not start.</summary>
    /// <param name="config">The guest.</param>
    /// <param name="memory">The host's memory before that.</param>
    /// <param name="cause">What libvirt said.</param>
    /// <param name="said">What QEMU itself said, where libvirt may have left that out (<see cref="IsOfMonitor"/>); else empty.</param>
    internal static HypervisorException Explain(DomainConfig config, HostMemory memory, LibvirtException cause, string said)
    {
        var text = said.Length > 0 ? $"{cause.Message}\n{said}" : cause.Message;
        bool Says(string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);

        if (cause.Error == LibvirtError.DomainExists || Says("already active") || Says("already exists with uuid"))
            return AlreadyRunning(config.Uuid, cause);
        if (Says("\" lock") && (Says("Failed to get") || Says("Is another process using")))
            return Disk(
                HypervisorFailure.DiskInUse, "is open for writing in another process, so the VM or its disk is in use", DiskInUseAdvice);
        if (Says("cannot set up guest memory") || Says("Cannot allocate memory"))
            return StartChecks.NotEnoughMemory(config, memory, cause);
        if (Says("Unable to find any firmware") || Says("firmware") && Says("efi"))
            return new HypervisorException(
                HypervisorFailure.FirmwareMissing,
                config.Uuid.ToString("D"),
                $"No UEFI firmware fits the VM ({text}).",
                "Install it (Debian and Ubuntu: apt-get install ovmf), or set the VM's firmware to BIOS.",
                cause);
        if (Says("Image is not in") || Says("Could not open") || Says("Permission denied") || Says("Could not read"))
            return Disk(
                HypervisorFailure.DiskUnreadable, $"can't be read ({LastLine(text)})",
                "Check the image (qemu-img check) and who may read it.");
        return new HypervisorException(
            HypervisorFailure.Refused,
            config.Uuid.ToString("D"),
            $"The hypervisor refused to start the VM: {LastLine(text)}",
            "Its log below the hypervisor's root (log/qemu) may say more.",
            cause);

        HypervisorException Disk(HypervisorFailure failure, string problem, string advice)
        {
            // The longest path that is named: one image's path may be the beginning of another's.
            var path = config.Disks.Select(disk => disk.Source?.Place).OfType<string>()
                .Where(path => text.Contains(path, StringComparison.Ordinal))
                .MaxBy(path => path.Length);
            return new HypervisorException(
                failure,
                path ?? config.Uuid.ToString("D"),
                path is null ? $"A disk of the VM {problem}." : $"The disk image {path} {problem}.",
                advice,
                cause);
        }
    }

    internal static HypervisorException AlreadyRunning(Guid uuid, Exception? cause) => new(
        HypervisorFailure.AlreadyRunning,
        uuid.ToString("D"),
        $"The VM {uuid:D} runs already on this host.",
        "Nothing needs to be started; shut it down first if it should start afresh.",
        cause);

    private const string DiskInUseAdvice =
        "Find out where it runs before anything else: starting it twice would destroy its data. On this host, fuser or "
            + "lslocks names the process.";

    /// <summary>QEMU's complaint comes last; before it stands everything libvirt read from its log.</summary>
    private static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? text;
}
