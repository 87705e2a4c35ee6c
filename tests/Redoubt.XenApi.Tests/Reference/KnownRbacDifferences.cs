using System.Text.Json;

namespace Redoubt.XenApi.Tests.Reference;

/// <summary>Where roles differ from xapi's on purpose; docs/formats/api-differences.md has the reasons.</summary>
internal sealed class KnownRbacDifferences
{
    private static readonly string[] Lines =
    [
        // xapi checks this by hand for the owner of a task, and so lists no permission for the others.
        "task.cancel/any: declared, but xapi has none (pool-admin pool-operator)",
    ];

    private readonly HashSet<string> _published;

    /// <param name="interfaceFile">xapi's listing of its interface.</param>
    public KnownRbacDifferences(string interfaceFile)
    {
        using var listing = JsonDocument.Parse(File.ReadAllText(interfaceFile));
        _published =
        [
            .. listing.RootElement.EnumerateArray().SelectMany(c => c.GetProperty("messages").EnumerateArray()
                .Select(m => $"{c.GetProperty("name").GetString()}.{m.GetProperty("name").GetString()}")),
        ];
    }

    // What xapi's hosts tell each other, and addresses, are no part of the interface that we declare.
    public bool Contains(string difference) => Lines.Contains(difference)
        || (difference.Contains(": missing (", StringComparison.Ordinal) && !_published.Contains(difference.Split(": ")[0]));
}
