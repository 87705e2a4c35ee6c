using System.Text;

namespace Redoubt.Compute;

/// <summary>A libvirt connection URI, taken apart.</summary>
internal sealed record HypervisorUri(string Text, HypervisorKind Kind, string? Root)
{
    /// <summary>
    /// libvirt puts each guest's monitor socket at <c>ROOT/lib/qemu/domain-N-xxxxxxxxxxxxxxxxxxxx/monitor.sock</c>: 45 bytes and the digits
    /// of a number that grows for as long as the root lives, of the 107 that a unix socket's path may have.
    /// </summary>
    internal const int RootBytesMax = 54;

    internal static HypervisorUri Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
            throw Invalid(text, "It is not a URI.");
        var transport = uri.Scheme.Split('+');
        if (transport[0] == "test")
            return new HypervisorUri(text, HypervisorKind.Test, null);
        if (transport[0] != "qemu")
            throw Invalid(text, $"Redoubt does not know how to build guests for \"{transport[0]}\".");
        if (uri.Host.Length > 0)
            return new HypervisorUri(text, HypervisorKind.Remote, null);
        if (uri.AbsolutePath is "/system" or "/session")
            return new HypervisorUri(text, HypervisorKind.Local, null);
        return uri.AbsolutePath == "/embed"
            ? new HypervisorUri(text, HypervisorKind.Embedded, RootOf(text, uri))
            : throw Invalid(text, $"A QEMU host has no \"{uri.AbsolutePath}\".");
    }

    /// <summary>
    /// The same as libvirt's client is to be told of it: within a process that runs guests by itself libvirt takes a local URI for its own
    /// driver of that process, unless it says by which way.
    /// </summary>
    internal string ForClient => Kind == HypervisorKind.Local && !Text.Contains('+', StringComparison.Ordinal)
        ? $"qemu+unix{Text[Text.IndexOf(':', StringComparison.Ordinal)..]}"
        : Text;

    private static string RootOf(string text, Uri uri)
    {
        var root = uri.Query.TrimStart('?').Split('&')
            .Where(part => part.StartsWith("root=", StringComparison.Ordinal))
            .Select(part => Uri.UnescapeDataString(part["root=".Length..]))
            .FirstOrDefault();
        if (root is null || !Path.IsPathRooted(root) || root.Any(char.IsControl))
            throw Invalid(text, "It names no absolute root directory.");
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        return Encoding.UTF8.GetByteCount(root) <= RootBytesMax
            ? root
            : throw Invalid(
                text, $"Its root \"{root}\" is longer than {RootBytesMax} bytes, so the paths of the guests' sockets would be too long.");
    }

    private static HypervisorException Invalid(string text, string why) => new(
        HypervisorFailure.ConfigInvalid,
        text,
        $"\"{text}\" can't be used as a hypervisor. {why}",
        "Give qemu:///embed?root=DIR with a short absolute DIR, qemu:///system, qemu+tls://HOST/system or test:///default.");
}
