using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// Hands the images that a guest writes to, its disks and its firmware's variables, to its QEMU as open files, in the place of those that
/// it opened by their names while it was still root.
/// <code>
/// suspend   QEMU stops writing, and opens each image anew to read    handed over before, while the guest still runs
/// resume    QEMU has opened them to read, and opens them to write    handed over before the guest goes on
/// </code>
/// It does so by their names, which it may not any more once it has become another account; to what it was handed it holds on as it is.
/// </summary>
/// <remarks>
/// What is handed over is the very file that QEMU has open, by way of <c>/proc</c>: at the name may lie another one by now. QEMU's locks,
/// by which no image is written to from two places, belong to the open file, so that a second one can't have them beside the first. While
/// the guest runs there are two steps, therefore: to one without locks, which lets go of the old ones, and from there to one with them. The
/// names of the nodes say how far it came, if it was broken off.
/// </remarks>
/// <param name="process">The guest's QEMU.</param>
/// <param name="ask">Asks it something: a command of QMP, its arguments, and a file that goes with it.</param>
internal sealed class ImageHandover(GuestProcess process, Func<string, JsonObject, SafeFileHandle?, JsonNode?> ask)
{
    /// <summary>Hands over all that was not yet.</summary>
    /// <param name="isWriting">Whether QEMU has them open for writing: always but after a resume.</param>
    /// <exception cref="HypervisorException">One can't be.</exception>
    internal void Do(bool isWriting)
    {
        var arguments = process.Arguments();
        if (!GuestAccount.IsToldIn(arguments))
            return; // It is who it was.
        var nodes = ask("query-named-block-nodes", new JsonObject { ["flat"] = true }, null)!.AsArray()
            .ToDictionary(n => (string)n!["node-name"]!, n => (string)n!["file"]!);
        // A disk that the guest has let go since it was started is none of its images any more.
        foreach (var image in WrittenImage.In(arguments).Where(i => nodes.ContainsKey(i.FormatNode)))
            HandOver(image, isWriting, nodes);
    }

    /// <summary>
    /// Has QEMU let go of the locks on the disks that it was handed while its guest ran, as soon as that stands still for good. Else it
    /// opens each anew then, to read, and trusts in the closing of what it had to end the lock, which its set of handed files keeps open.
    /// </summary>
    internal void KeepOpen()
    {
        foreach (var node in ask("query-named-block-nodes", new JsonObject { ["flat"] = true }, null)!.AsArray().OfType<JsonNode>()
            .Where(n => (string?)n["drv"] == "file" && (bool?)n["ro"] == false && !IsOurs((string)n["node-name"]!)
                && ((string)n["file"]!).StartsWith("/dev/fdset/", StringComparison.Ordinal)))
        {
            Reopen(new JsonObject
            {
                ["driver"] = "file",
                ["node-name"] = (string)node["node-name"]!,
                ["filename"] = (string)node["file"]!,
                ["auto-read-only"] = false,
                ["discard"] = "unmap",
                ["cache"] = new JsonObject
                {
                    ["direct"] = (bool)node["cache"]!["direct"]!,
                    ["no-flush"] = (bool)node["cache"]!["no-flush"]!,
                },
            });
        }
    }

    private static bool IsOurs(string node) =>
        node.StartsWith("bare-", StringComparison.Ordinal) || node.StartsWith("held-", StringComparison.Ordinal);

    // Longer names than of 31 characters QEMU does not take.
    private static string Unlocked(WrittenImage image) => $"bare-{image.FileNode}";

    private static string Locked(WrittenImage image) => $"held-{image.FileNode}";

    private void HandOver(WrittenImage image, bool isWriting, Dictionary<string, string> nodes)
    {
        var isByName = nodes[image.FormatNode] == image.Path;
        if (isByName)
        {
            foreach (var left in new[] { Unlocked(image), Locked(image) }.Where(nodes.ContainsKey))
                Drop(left);
        }
        else if (nodes.ContainsKey(image.FileNode))
        {
            Drop(image.FileNode);
        }

        if (isByName && isWriting)
        {
            Hand(image, Unlocked(image), locks: false);
            Reopen(image.Kept(), image.On(Unlocked(image)));
            Drop(image.FileNode);
        }
        else if (!isByName && !nodes.ContainsKey(Unlocked(image)))
        {
            return;
        }
        else if (!isByName && nodes.ContainsKey(Locked(image)) && !TryDrop(Locked(image)))
        {
            Drop(Unlocked(image)); // It is the other that is used.
            return;
        }

        Hand(image, Locked(image), locks: true);
        Reopen(image.On(Locked(image)));
        Drop(isWriting ? Unlocked(image) : image.FileNode);
    }

    private void Hand(WrittenImage image, string node, bool locks)
    {
        using var file = Open(image.Path);
        LentFile.Use(ask, file, name => ask("blockdev-add", image.Handed(node, name, locks), null));
    }

    private void Reopen(params JsonObject[] nodes) =>
        ask("blockdev-reopen", new JsonObject { ["options"] = new JsonArray([.. nodes]) }, null);

    private void Drop(string node) => ask("blockdev-del", new JsonObject { ["node-name"] = node }, null);

    private bool TryDrop(string node)
    {
        try
        {
            Drop(node);
            return true;
        }
        catch (LibvirtException used) when (used.Error == LibvirtError.OperationFailed)
        {
            return false;
        }
    }

    private SafeFileHandle Open(string path)
    {
        try
        {
            var names = new[] { path, RealPath(path), $"{path} (deleted)" };
            var open = Directory.EnumerateFileSystemEntries($"/proc/{process.Pid}/fd")
                .FirstOrDefault(f => names.Contains(new FileInfo(f).LinkTarget))
                ?? throw new IOException("it has no file of that name open, as after a move or another mount");
            return File.OpenHandle(open, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                HypervisorFailure.Refused,
                process.Name,
                $"The guest of VM {process.Name} can't be handed its image {path} ({refused.Message}).",
                "Shut the guest down instead of suspending it.",
                refused);
        }
    }

    private static string RealPath(string path)
    {
        if (!File.Exists(path))
            return path;
        using var here = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return new FileInfo($"/proc/self/fd/{here.DangerousGetHandle()}").LinkTarget ?? path;
    }
}
