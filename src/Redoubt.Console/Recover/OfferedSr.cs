using System.Collections.Immutable;
using System.Xml;
using System.Xml.Linq;
using Redoubt.XenApi;

namespace Redoubt.Console.Recover;

/// <summary>An SR that a probe found.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name, if the storage tells it.</param>
/// <param name="HasMetadata">Whether it carries pool metadata.</param>
public sealed record OfferedSr(string Uuid, string Name, bool HasMetadata)
{
    /// <summary>Asks the server; nothing is attached or written.</summary>
    /// <exception cref="FormatException">The answer is no XML.</exception>
    internal static async Task<List<OfferedSr>> AskAsync(
        XenApiClient api, Ref<HostRecord> host, string type, ImmutableSortedDictionary<string, string> deviceConfig)
    {
        var answer = await api.Sr.ProbeAsync(
            host, deviceConfig, type, ImmutableSortedDictionary<string, string>.Empty.Add("metadata", "true"));
        try
        {
            return answer.Trim().Length == 0
                ? []
                : [.. XElement.Parse(answer).DescendantsAndSelf("SR").Select(Read).Where(s => s.Uuid.Length > 0)];
        }
        catch (XmlException wrong)
        {
            throw new FormatException($"The probe's answer is no XML: {wrong.Message}", wrong);
        }
    }

    private static OfferedSr Read(XElement sr) =>
        new(Text(sr, "UUID"), Text(sr, "name_label"), Text(sr, "pool_metadata_detected") == "true");

    private static string Text(XElement sr, string name) => sr.Element(name)?.Value.Trim() ?? "";
}
