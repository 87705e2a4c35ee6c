using System.Text;
using System.Text.Json;
using System.Xml;

namespace Redoubt.XenApi.Tests.Types;

/// <summary>Writes something to a wire and reads back what a peer would see.</summary>
internal static class Spelling
{
    public static WireValue ThroughJson(Action<IWireWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            write(new JsonWireWriter(json));
        }

        using var document = JsonDocument.Parse(bytes.ToArray(), JsonWire.Options);
        return JsonWire.Read(document.RootElement);
    }

    public static WireValue ThroughXml(Action<IWireWriter> write)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new() { NewLineHandling = NewLineHandling.Entitize, OmitXmlDeclaration = true }))
        {
            write(new XmlWireWriter(xml));
        }

        using var reader = XmlWire.Open(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())));
        return XmlWire.ReadValue(reader);
    }
}
