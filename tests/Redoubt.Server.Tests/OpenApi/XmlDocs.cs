using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Redoubt.Server.Tests.OpenApi;

/// <summary>What the sources say of types and their properties, as text.</summary>
internal sealed partial class XmlDocs
{
    private readonly Dictionary<string, XElement> _members = Directory.EnumerateFiles(AppContext.BaseDirectory, "Redoubt.*.xml")
        .SelectMany(file => XDocument.Load(file).Descendants("member")).DistinctBy(m => m.Attribute("name")!.Value)
        .ToDictionary(m => m.Attribute("name")!.Value);

    /// <summary>What is said of a type; null for nothing.</summary>
    public string? Of(Type type) => Text(Member($"T:{Name(type)}")?.Element("summary"));

    /// <summary>What is said of a property; null for nothing.</summary>
    public string? Of(PropertyInfo property) =>
        Text(Member($"P:{Name(property.DeclaringType!)}.{property.Name}")?.Element("summary"))
        ?? Text(
            Member($"T:{Name(property.DeclaringType!)}")?.Elements("param")
                .FirstOrDefault(p => p.Attribute("name")?.Value == property.Name));

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    private XElement? Member(string name) => _members.GetValueOrDefault(name);

    private static string? Text(XElement? said) =>
        said is null ? null : White().Replace(string.Concat(said.Nodes().Select(Text)), " ").Trim();

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "code" } => "",
        XElement element when (element.Attribute("cref") ?? element.Attribute("name")) is { } named =>
            named.Value[(named.Value.LastIndexOf('.') + 1)..],
        XElement element => string.Concat(element.Nodes().Select(Text)),
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex White();
}
