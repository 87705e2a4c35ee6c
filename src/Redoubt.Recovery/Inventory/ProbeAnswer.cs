using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Redoubt.Recovery;

/// <summary>What <c>SR.probe</c> answers: XML with an SR element for each SR, as XenServer's drivers write it.</summary>
internal static class ProbeAnswer
{
    /// <exception cref="FormatException">It is not such XML.</exception>
    public static ImmutableArray<ProbedSrFacts> Parse(string answer)
    {
        try
        {
            // Some drivers have nothing to say where they find nothing.
            return answer.Trim().Length == 0 ? [] : [.. XElement.Parse(answer).DescendantsAndSelf("SR").Select(Read)];
        }
        catch (XmlException wrong)
        {
            throw new FormatException($"The probe's answer is no XML: {wrong.Message}", wrong);
        }
    }

    private static ProbedSrFacts Read(XElement sr)
    {
        string Text(string name) => sr.Element(name)?.Value.Trim() ?? "";
        return new(
            Text("UUID") is { Length: > 0 } uuid ? uuid : throw new FormatException("The probe's answer names an SR without UUID"),
            Text("name_label"),
            Text("pool_metadata_detected").Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            Metadata = [.. sr.Elements("pool_metadata").Select(ReadMetadata).OfType<ProbedMetadataFacts>()],
        };
    }

    private static ProbedMetadataFacts? ReadMetadata(XElement metadata)
    {
        string Text(string name) => metadata.Element(name)?.Value.Trim() ?? "";
        return long.TryParse(Text("generation"), NumberStyles.None, CultureInfo.InvariantCulture, out var generation)
            ? new(Text("pool_uuid"), Text("pool_name"), generation, Moments.Parse(Text("written_at")))
            : null;
    }
}
