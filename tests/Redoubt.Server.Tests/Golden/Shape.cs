using System.Text.Json;
using System.Xml.Linq;

namespace Redoubt.Server.Tests.Golden;

/// <summary>
/// What an answer is made of, without its values: for each path the types that stand there. The members of a record are steps of a path by
/// their names; elements of sets are <c>[]</c>, values of maps <c>{}</c>, since which and how many there are is chance. <c>()</c> is
/// the order of a record's members, which is the same in every answer of xapi's save for the counts of objects.
/// </summary>
internal sealed class Shape
{
    private readonly SortedDictionary<string, SortedSet<string>> _types = new(StringComparer.Ordinal);

    private Shape()
    {
    }

    public static Shape OfJson(string text)
    {
        using var document = JsonDocument.Parse(text);
        var shape = new Shape();
        shape.Add("$", document.RootElement);
        return shape;
    }

    public static Shape OfXml(string text)
    {
        var shape = new Shape();
        shape.Add("$", XDocument.Parse(text, LoadOptions.PreserveWhitespace).Descendants("value").First());
        return shape;
    }

    /// <summary>What stands in one shape and can't be in the other.</summary>
    public static IEnumerable<string> Compare(Shape expected, Shape actual)
    {
        foreach (var path in expected._types.Keys.Union(actual._types.Keys).Order(StringComparer.Ordinal))
        {
            var wanted = expected._types.GetValueOrDefault(path);
            var found = actual._types.GetValueOrDefault(path);
            if (wanted is null && actual.Knows(path) && expected.Knows(path))
            {
                yield return $"{path}: only here";
            }
            else if (found is null && expected.Knows(path) && actual.Knows(path))
            {
                yield return $"{path}: missing";
            }
            else if (wanted is not null && found is not null && !wanted.SetEquals(found))
            {
                yield return $"{path}: {string.Join("|", found)} for {string.Join("|", wanted)}";
            }
        }
    }

    // An empty set says nothing of what its elements would be made of.
    private bool Knows(string path)
    {
        var element = Math.Max(path.LastIndexOf("[]", StringComparison.Ordinal), path.LastIndexOf("{}", StringComparison.Ordinal));
        return element < 0 || _types.ContainsKey(path[..(element + 2)]);
    }

    private void Note(string path, string type) => (_types.TryGetValue(path, out var types) ? types : _types[path] = []).Add(type);

    private void Add(string path, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                AddMembers(path, value.EnumerateObject().Select(p => (p.Name, (Action<string>)(at => Add(at, p.Value)))).ToList());
                break;
            case JsonValueKind.Array:
                Note(path, "array");
                value.EnumerateArray().ToList().ForEach(item => Add(path + "[]", item));
                break;
            case JsonValueKind.Number:
                Note(path, value.GetRawText().AsSpan().ContainsAny(".eE") ? "float" : "int");
                break;
            default:
                Note(
                    path,
                    value.ValueKind switch
                    {
                        JsonValueKind.True or JsonValueKind.False => "bool",
                        var other => other.ToString().ToLowerInvariant(),
                    });
                break;
        }
    }

    private void Add(string path, XElement value)
    {
        switch (value.Elements().FirstOrDefault())
        {
            case null: Note(path, "string"); break;
            case { Name.LocalName: "struct" } members:
                AddMembers(
                    path,
                    members.Elements("member").Select(
                        m => (m.Element("name")!.Value, (Action<string>)(at => Add(at, m.Element("value")!)))).ToList());
                break;
            case { Name.LocalName: "array" } array:
                Note(path, "array");
                array.Element("data")!.Elements("value").ToList().ForEach(item => Add(path + "[]", item));
                break;
            case var scalar: Note(path, scalar.Name.LocalName); break;
        }
    }

    private void AddMembers(string path, List<(string Name, Action<string> Add)> members)
    {
        Note(path, "struct");
        var isRecord = path == "$" || path.EndsWith(".error", StringComparison.Ordinal)
            || path.EndsWith(".valid_ref_counts", StringComparison.Ordinal)
            || members.Exists(m => m.Name is "uuid" or "events" or "operation");
        if (isRecord && !path.EndsWith(".valid_ref_counts", StringComparison.Ordinal))
        {
            Note(path + "()", string.Join(' ', members.Select(m => m.Name)));
        }

        members.ForEach(m => m.Add(isRecord ? $"{path}.{m.Name}" : path + "{}"));
    }
}
