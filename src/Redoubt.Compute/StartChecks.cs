using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>
/// What can be seen to be wrong with a guest before it is started, while it can still be said plainly.
/// </summary>
/// <remarks>Only for a host that is this machine; of another one libvirt's own words must do.</remarks>
internal static class StartChecks
{
    private static ReadOnlySpan<byte> Qcow2Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xfb];

    internal static void Check(DomainConfig config, DomainPlatform platform, HostMemory memory)
    {
        Emulator(platform.EmulatorPath);
        foreach (var disk in config.Disks)
        {
            if (disk.Source is { LocalPath: { } path } source)
                Image(disk, path, source.Format);
        }

        foreach (var path in new[] { config.Kernel?.KernelPath, config.Kernel?.InitrdPath })
        {
            if (path is not null && !File.Exists(path))
                throw new HypervisorException(
                    HypervisorFailure.BootFileMissing,
                    path,
                    $"The boot file {path} does not exist on this host.",
                    "Copy it here, or correct PV_kernel and PV_ramdisk of the VM.");
        }

        foreach (var nic in config.Nics)
        {
            if (nic.Bridge is { } bridge && !HostBridge.Exists(bridge))
                throw new HypervisorException(
                    HypervisorFailure.BridgeMissing,
                    bridge,
                    $"This host has no bridge {bridge}, which network interface {nic.Device} is to be connected to.",
                    $"Create it (ip link add {bridge} type bridge), or map the network to another one.");
        }

        Memory(config, memory);
    }

    internal static void Emulator(string? path)
    {
        if (path is not null && !File.Exists(path))
            throw new HypervisorException(
                HypervisorFailure.EmulatorMissing,
                path,
                $"The emulator {path} is not installed.",
                "Install it (Debian and Ubuntu: apt-get install qemu-system-x86).");
    }

    private static void Image(DomainDisk disk, string path, DiskFormat format)
    {
        if (!File.Exists(path))
            throw new HypervisorException(
                HypervisorFailure.DiskMissing,
                path,
                $"The image of disk {disk.Device}, {path}, does not exist.",
                "Check that its storage repository is attached and scanned, or remove the disk from the VM.");
        try
        {
            // QEMU's complaint about a wrong format names the disk by a number of libvirt's, from which no operator can tell which it is.
            using var image = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[4];
            if (format == DiskFormat.Qcow2
                && (image.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4 || !magic.SequenceEqual(Qcow2Magic)))
                throw Unreadable("is not a qcow2 image", null);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Unreadable($"can't be read ({refused.Message})", refused);
        }

        HypervisorException Unreadable(string problem, Exception? cause) => new(
            HypervisorFailure.DiskUnreadable,
            path,
            $"The image of disk {disk.Device}, {path}, {problem}.",
            "Check the image (qemu-img check) and who may read it.",
            cause);
    }

    private static void Memory(DomainConfig config, HostMemory memory)
    {
        var needed = config.MemoryTargetBytes ?? config.MemoryMaxBytes;
        if (needed > memory.AvailableBytes)
            throw NotEnoughMemory(config, memory, null);
    }

    internal static HypervisorException NotEnoughMemory(DomainConfig config, HostMemory memory, Exception? cause)
    {
        var needed = config.MemoryTargetBytes ?? config.MemoryMaxBytes;
        return new HypervisorException(
            HypervisorFailure.NotEnoughMemory,
            config.Uuid.ToString("D"),
            $"The VM needs {needed / 1048576} MiB of memory, and the host has {memory.AvailableBytes / 1048576} MiB available.",
            "Shut down other VMs on this host, lower the VM's memory, or start it on another host.",
            cause)
        {
            NeededBytes = needed,
            AvailableBytes = memory.AvailableBytes,
        };
    }
}
