using System.Globalization;
using System.Runtime.InteropServices;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// The account that guests of an embedded hypervisor run as where this process is root. It owns nothing: QEMU opens disks, firmware, logs
/// and sockets as root, gives that up for good, and only then lets the guest run. What breaks out of a device finds itself in a process
/// that may open nothing of the host's but what everybody may, and nothing of other guests.
/// </summary>
/// <param name="User">Its number.</param>
/// <param name="Group">Its group's.</param>
public sealed record GuestAccount(uint User, uint Group)
{
    // libvirt insists on it where it is root.
    private const string Name = "libvirt-qemu";

    // QEMU 9.1 has the second in the place of the first.
    private static readonly Version RunWith = new(9, 1);
    private static readonly string[] Options = ["-runas", "-run-with"];

    private string Text => string.Create(CultureInfo.InvariantCulture, $"{User}:{Group}");

    /// <summary>
    /// The host's; null if this process has no rights that a guest should not have, if there is no such account, or if libvirt is too old
    /// to hand a guest a file that is open, without which no guest could be suspended.
    /// </summary>
    internal static GuestAccount? Find() => Native.GetEffectiveUserId() != 0 || !CanHandOver()
        ? null
        : File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields is [Name, _, _, _, ..])
            .Select(fields => new GuestAccount(Number(fields[2]), Number(fields[3]))).FirstOrDefault();

    /// <summary>Whether a process was told to become an account.</summary>
    internal static bool IsToldIn(IEnumerable<string> arguments) => arguments.Any(Options.Contains);

    /// <summary>
    /// What tells QEMU, and closes to it what it needs no more once the guest runs. Not to become another: that is how it gives root up,
    /// and who has no rights gains none by it.
    /// </summary>
    /// <param name="qemu">The version of QEMU.</param>
    internal string[] ArgumentsFor(Version qemu) =>
    [
        .. qemu < RunWith ? [Options[0], Text] : new[] { Options[1], $"user={Text}" },
        "-sandbox", "on,obsolete=deny,spawn=deny,resourcecontrol=deny",
    ];

    // libvirt 8.2.
    internal static bool CanHandOver() => NativeLibrary.TryLoad(Native.QemuLibrary, out var library)
        && NativeLibrary.TryGetExport(library, Native.CommandWithFiles, out _);

    // libvirt 9.0.
    internal static bool CanAssociate() => NativeLibrary.TryLoad(Native.Library, out var library)
        && NativeLibrary.TryGetExport(library, Native.FdAssociate, out _);

    private static uint Number(string text) => uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
