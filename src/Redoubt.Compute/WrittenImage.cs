using System.Text.Json.Nodes;

namespace Redoubt.Compute;

/// <summary>An image that a guest writes to, as its QEMU was told of it. Pure.</summary>
/// <param name="File">The node of the file (<c>-blockdev</c>).</param>
/// <param name="Format">The node that reads the file as an image, and that the guest's device is on.</param>
internal sealed record WrittenImage(JsonObject File, JsonObject Format)
{
    private const string Name = "node-name";

    // What QEMU may open anew, by its name, to read or to write as the moment takes it. What it was handed open it keeps.
    private const string OpensAnew = "auto-read-only";

    /// <summary>The file's name.</summary>
    internal string Path => (string)File["filename"]!;

    /// <summary>The name of the file's node.</summary>
    internal string FileNode => (string)File[Name]!;

    /// <summary>The name of the image's node.</summary>
    internal string FormatNode => (string)Format[Name]!;

    /// <summary>All that QEMU was told of in its arguments and has opened by their names.</summary>
    internal static IReadOnlyList<WrittenImage> In(IReadOnlyList<string> arguments)
    {
        var nodes = arguments.Zip(arguments.Skip(1)).Where(a => a.First == "-blockdev" && a.Second.StartsWith('{'))
            .Select(a => JsonNode.Parse(a.Second)!.AsObject()).ToDictionary(n => (string)n[Name]!);
        return
        [
            .. nodes.Values.Where(n => (bool?)n["read-only"] != true && n["file"] is JsonValue)
                .Where(
                    n => nodes.GetValueOrDefault((string)n["file"]!) is { } file && (bool?)file[OpensAnew] == true
                        && file["filename"] is not null)
                .Select(n => new WrittenImage(nodes[(string)n["file"]!], n)),
        ];
    }

    /// <summary>The file as it is, but that it is no longer opened anew.</summary>
    internal JsonObject Kept() => With(File, OpensAnew, false);

    /// <summary>A node of the same file, handed over open.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="name">The name under which QEMU has the open file.</param>
    /// <param name="locks">Whether it keeps others from writing to the file.</param>
    internal JsonObject Handed(string node, string name, bool locks)
    {
        var handed = With(With(File, Name, node), "filename", name);
        handed.Remove(OpensAnew);
        if (!locks)
            handed["locking"] = "off";
        return handed;
    }

    /// <summary>The image on another node of its file.</summary>
    internal JsonObject On(string node) => With(Format, "file", node);

    private static JsonObject With(JsonObject node, string key, JsonNode value)
    {
        var changed = node.DeepClone().AsObject();
        changed[key] = value;
        return changed;
    }
}
