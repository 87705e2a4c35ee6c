using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// Hands the images that a guest writes to, its disks and its firmware's variables, to its QEMU as open files, in the place of those that it
/// opened by their names while it was still root.
/// <code>
/// suspend   QEMU stops writing, and opens each image anew to read    handed over before, while the guest still runs
/// resume    QEMU has opened them to read, and opens them to write    handed over before the guest goes on
/// </code>
/// It does so by their names, which it may not any more once it has become another account; to what it was handed it holds on as it is.
/// </summary>
/// <remarks>
/// What is handed over is the very file that QEMU has open, by way of <c>/proc</c>: at the name may lie another one by now. QEMU's locks,
/// by which no image is written to from two places, belong to the open file, so that a second one can't have them beside the first. While
/// the guest runs there are two steps, therefore: to one without locks, which lets go of the old ones, and from there to one with them.
/// </remarks>
internal sealed class ImageHandover(LibvirtConnection connection, Guid uuid, GuestProcess process)
{
    /// <summary>Hands over all that was not yet.</summary>
    /// <param name="isWriting">Whether QEMU has them open for writing: always but after a resume.</param>
    /// <exception cref="HypervisorException">One can't be.</exception>
    internal void Do(bool isWriting)
    {
        var arguments = process.Arguments();
        if (!GuestAccount.IsToldIn(arguments))
            return; // It is who it was.
        var nodes = connection.Ask(uuid, "query-named-block-nodes", new JsonObject { ["flat"] = true })!.AsArray().Select(n => (string)n!["node-name"]!).ToHashSet();
        foreach (var image in WrittenImage.In(arguments).Where(i => nodes.Contains(i.FileNode)))
            HandOver(image, isWriting);
    }

    private void HandOver(WrittenImage image, bool isWriting)
    {
        var from = image.FileNode;
        if (isWriting)
        {
            from = Hand(image, locks: false);
            Reopen(image.Kept(), image.On(from));
            Drop(image.FileNode);
        }

        Reopen(image.On(Hand(image, locks: true)));
        Drop(from);
    }

    private string Hand(WrittenImage image, bool locks)
    {
        var node = $"redoubt-{Guid.NewGuid():N}"[..31]; // Longer names QEMU does not take.
        using var file = Open(image.Path);
        var set = (int)connection.Ask(uuid, "add-fd", [], file)!["fdset-id"]!;
        try
        {
            connection.Ask(uuid, "blockdev-add", image.Handed(node, set, locks));
        }
        finally
        {
            connection.Ask(uuid, "remove-fd", new JsonObject { ["fdset-id"] = set }); // The node has its own of it.
        }

        return node;
    }

    private void Reopen(params JsonObject[] nodes) => connection.Ask(uuid, "blockdev-reopen", new JsonObject { ["options"] = new JsonArray([.. nodes]) });

    private void Drop(string node) => connection.Ask(uuid, "blockdev-del", new JsonObject { ["node-name"] = node });

    private SafeFileHandle Open(string path)
    {
        try
        {
            var names = new[] { path, RealPath(path), $"{path} (deleted)" };
            var open = Directory.EnumerateFileSystemEntries($"/proc/{process.Pid}/fd").FirstOrDefault(f => names.Contains(new FileInfo(f).LinkTarget))
                ?? throw new IOException("it has no file of that name open, as after a move or another mount");
            return File.OpenHandle(open, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                HypervisorFailure.Refused,
                uuid.ToString("D"),
                $"The guest of VM {uuid:D} can't be handed its image {path} ({refused.Message}).",
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
