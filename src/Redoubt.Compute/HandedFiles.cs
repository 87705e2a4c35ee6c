using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// Hands a running guest's QEMU the open files of a disk in the place of libvirt, whose version 9.0 takes them for it, tells QEMU to use
/// them and forgets to pass them on (seen on its monitor: <c>blockdev-add</c> of <c>/dev/fdset/1</c> without <c>add-fd</c>; later versions
/// pass them on). Which set it means it says when it fails; it counts on from there.
/// </summary>
internal static partial class HandedFiles
{
    /// <summary>The set of files that QEMU was told of and has not got; null: it failed of something else.</summary>
    internal static int? SetNotLent(LibvirtException failure) => Set().Match(failure.Message) is { Success: true } found
        ? int.Parse(found.Groups["set"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)
        : null;

    /// <summary>Hands files over as a set, which it keeps: it opens a disk anew when its guest is suspended.</summary>
    internal static void Hand(LibvirtConnection connection, Guid uuid, string name, int set, IReadOnlyList<SafeFileHandle> files)
    {
        Forget(connection, uuid, name);
        foreach (var file in files)
            connection.Ask(uuid, "add-fd", new JsonObject { ["fdset-id"] = set, ["opaque"] = name }, file);
    }

    /// <summary>Has QEMU let such a set go; without one there is nothing to do.</summary>
    internal static void Forget(LibvirtConnection connection, Guid uuid, string name)
    {
        foreach (var set in connection.Ask(uuid, "query-fdsets", [])!.AsArray().OfType<JsonNode>()
            .Where(s => s["fds"]!.AsArray().Any(f => (string?)f!["opaque"] == name)))
            connection.Ask(uuid, "remove-fd", new JsonObject { ["fdset-id"] = (int)set["fdset-id"]! });
    }

    [GeneratedRegex(
        "Could not dup FD for /dev/fdset/(?<set>[0-9]{1,9}) ", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Set();
}
