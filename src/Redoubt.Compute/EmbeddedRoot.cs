using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// The directory that libvirt's embedded QEMU driver keeps everything in, made ready for it.
/// </summary>
internal static class EmbeddedRoot
{
    private const string Marker = "# Written by Redoubt at each start. Remove this line to keep your own changes.";

    /// <summary>Makes the directories and the driver's settings; repeating it does no harm.</summary>
    internal static void Prepare(string root)
    {
        try
        {
            // Disk images and guest memory pass through here, so nobody else may look in.
#pragma warning disable CA1416 // libvirt's QEMU driver exists on Linux only, and so does this code's caller.
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
            foreach (var directory in new[] { "etc", "log", "cache" })
                Directory.CreateDirectory(Path.Combine(root, directory));
            WriteSettings(Path.Combine(root, "etc", "qemu.conf"), Settings(Native.GetEffectiveUserId(), Native.GetEffectiveGroupId()));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                HypervisorFailure.ConfigInvalid,
                root,
                $"The hypervisor's root directory {root} can't be made ready ({refused.Message}).",
                "Choose a directory that this user may write to.",
                refused);
        }
    }

    /// <summary>The settings under which the driver needs nothing else of a libvirt installation.</summary>
    internal static string Settings(uint user, uint group) => $"""
        {Marker}
        # QEMU writes its log files itself: there need be no virtlogd, and two roots on one host must not meet in one.
        stdio_handler = "file"
        # Guests run as the user that runs Redoubt, which owns their disks; libvirt must not give the images to somebody else.
        user = "+{user}"
        group = "+{group}"
        dynamic_ownership = 0
        remember_owner = 0
        # AppArmor profiles, mount namespaces and cgroups need a systemd and a libvirtd that know of this root.
        security_driver = "none"
        namespaces = [ ]
        cgroup_controllers = [ ]

        """;

    private static void WriteSettings(string path, string settings)
    {
        if (File.Exists(path))
        {
            var present = File.ReadAllText(path);
            if (present == settings || !present.StartsWith(Marker, StringComparison.Ordinal))
                return;
        }

        var fresh = path + ".new";
        File.WriteAllText(fresh, settings);
        File.Move(fresh, path, overwrite: true);
    }
}
