using System.Text;
using System.Xml;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>How a task keeps what its call answered: as the text of one XML-RPC value, whichever protocol the call came by.</summary>
internal static class TaskResult
{
    private static readonly XmlWriterSettings Writing = new()
    {
        OmitXmlDeclaration = true,
        ConformanceLevel = ConformanceLevel.Fragment,
        NewLineHandling = NewLineHandling.Entitize,
    };

    public static string Of(XenType type, object? value)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, Writing))
        {
            type.WriteObject(new XmlWireWriter(xml), value);
        }

        return text.ToString();
    }
}
