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
            WriteSettings(
                SettingsOf(root), Settings(Native.GetEffectiveUserId(), Native.GetEffectiveGroupId(), GuestAccount.Find() is not null));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw NotReady(root, refused);
        }
    }

    /// <summary>
    /// Whether the settings of a root are those that Redoubt writes; an administrator may have put others in their place.
    /// </summary>
    internal static bool HasOwnSettings(string root) =>
        File.ReadAllText(SettingsOf(root)).StartsWith(Marker, StringComparison.Ordinal);

    /// <summary>
    /// Checks that no process runs a hypervisor there, before anything of it is touched. libvirt holds a lock as long as it does.
    /// </summary>
    /// <exception cref="HypervisorException">One does.</exception>
    /// <remarks>Not for a root that this process itself has opened: closing the file would let go of that lock.</remarks>
    internal static void RequireUnused(HypervisorUri uri, string root)
    {
        try
        {
            using var held = new FileStream(
                Path.Combine(root, "run", "qemu", "driver.pid"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
#pragma warning disable CA1416 // libvirt's QEMU driver exists on Linux only.
            held.Lock(0, 1);
#pragma warning restore CA1416
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            // Nobody ever has.
        }
        catch (IOException held)
        {
            throw OpenFailure.RootInUse(uri, held);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw NotReady(root, refused);
        }
    }

    /// <summary>Clears what a killed process has left half started; gives the guests that run and that libvirt has no record of.</summary>
    internal static IReadOnlyList<GuestProcess> Clear(string root)
    {
        try
        {
            // Keys of guests' disks that have been overwritten, or belong to a guest whose start was broken off.
            if (Path.Combine(root, "etc", "secrets") is var secrets && Directory.Exists(secrets))
                Directory.Delete(secrets, recursive: true);
            return HalfStartedGuests.Clear(root);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw NotReady(root, refused);
        }
    }

    private static HypervisorException NotReady(string root, Exception refused) => new(
        HypervisorFailure.ConfigInvalid,
        root,
        $"The hypervisor's root directory {root} can't be made ready ({refused.Message}).",
        "Choose a directory that this user may write to.",
        refused);

    /// <summary>The settings under which the driver needs nothing else of a libvirt installation.</summary>
    internal static string Settings(uint user, uint group, bool givesUp) => $"""
        {Marker}
        # QEMU writes its log files itself: there need be no virtlogd, and two roots on one host must not meet in one.
        stdio_handler = "file"
        # QEMU is started as the user that runs Redoubt, which owns the disks; libvirt must not give the images to somebody else. Where that is
        # root, QEMU gives it up before the guest runs.
        user = "+{user}"
        group = "+{group}"
        # The TPMs as well, or what they keep would be another user's.
        swtpm_user = "+{user}"
        swtpm_group = "+{group}"
        dynamic_ownership = 0
        remember_owner = 0
        # A guest that breaks out of QEMU's devices finds system calls closed that QEMU itself needs no more once it runs. Where QEMU is to
        # give up being root, Redoubt closes them itself, all but what that takes.
        seccomp_sandbox = {(givesUp ? 0 : 1)}
        # AppArmor profiles, mount namespaces and cgroups need a systemd and a libvirtd that know of this root.
        security_driver = "none"
        namespaces = [ ]
        cgroup_controllers = [ ]

        """;

    private static string SettingsOf(string root) => Path.Combine(root, "etc", "qemu.conf");

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
