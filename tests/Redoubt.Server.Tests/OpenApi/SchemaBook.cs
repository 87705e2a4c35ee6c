using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.OpenApi;

/// <summary>JSON schemas of what messages take and answer: those of the data model, and of .NET types as they are written.</summary>
internal sealed class SchemaBook
{
    private static readonly Assembly[] Homes = [typeof(RecoveryRequest).Assembly, typeof(RecoveryService).Assembly];

    private readonly SortedDictionary<string, (Type Type, JsonNode? Schema)> _types = new(StringComparer.Ordinal);
    private readonly XmlDocs _docs = new();

    /// <summary>The schema of a type of the data model.</summary>
    public JsonNode? Of(XenType type) => type switch
    {
        JsonTextType json when json.Shape.EndsWith("[]", StringComparison.Ordinal) => ArrayOf(OfShape(json.Shape[..^2])),
        JsonTextType json => OfShape(json.Shape),
        IRefType reference => new JsonObject { ["type"] = "string", ["description"] = $"The reference of a {reference.ClassName}." },
        ISetType set => ArrayOf(Of(set.Element)),
        IMapType map => new JsonObject { ["type"] = "object", ["additionalProperties"] = Of(map.Value) },
        _ when type == XenTypes.Bool => new JsonObject { ["type"] = "boolean" },
        _ when type == XenTypes.Int => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
        _ when type == XenTypes.Float => new JsonObject { ["type"] = "number" },
        _ when type == XenTypes.String => new JsonObject { ["type"] = "string" },
        _ => throw new NotSupportedException(type.Name),
    };

    /// <summary>All the types that have been referred to, and those that these refer to.</summary>
    /// <param name="failure">The schema of failures.</param>
    public JsonObject Write(JsonObject failure)
    {
        while (_types.FirstOrDefault(t => t.Value.Schema is null) is { Key: { } name, Value.Type: var type })
        {
            var schema = Export(type);
            if (_docs.Of(type) is { } text && schema is JsonObject described)
            {
                described["description"] = text;
            }

            _types[name] = (type, schema);
        }

        return new(_types.Select(t => KeyValuePair.Create(t.Key, t.Value.Schema)).Append(new("Failure", failure)));
    }

    private static JsonObject ArrayOf(JsonNode? element) => new() { ["type"] = "array", ["items"] = element };

    private JsonNode OfShape(string name)
    {
        var type = name == "String" ? typeof(string)
            : Homes.SelectMany(a => a.GetExportedTypes()).Single(t => t.Name == name && t.DeclaringType is null);
        return IsNamed(type) ? Refer(type) : Export(type);
    }

    private JsonObject Refer(Type type)
    {
        if (!_types.TryAdd(type.Name, (type, null)))
        {
            Assert.Equal(_types[type.Name].Type, type);
        }

        return new() { ["$ref"] = $"#/components/schemas/{type.Name}" };
    }

    private static bool IsNamed(Type type) =>
        type.Assembly.GetName().Name!.StartsWith("Redoubt.", StringComparison.Ordinal) && !type.IsGenericType;

    private JsonNode Export(Type type) => RecoveryJson.Options.GetJsonSchemaAsNode(type, new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = Transform,
    });

    private JsonNode Transform(JsonSchemaExporterContext context, JsonNode node)
    {
        var isInside = !context.Path.IsEmpty && context.BaseTypeInfo is null;
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        if (isInside && IsNamed(type))
        {
            var isNullable = context.TypeInfo.Type != type || context.PropertyInfo?.IsGetNullable == true;
            node = isNullable
                ? new JsonObject { ["anyOf"] = new JsonArray(Refer(type), new JsonObject { ["type"] = "null" }) }
                : Refer(type);
        }
        else if (isInside && node is JsonObject { } same && same["$ref"]?.GetValue<string>() is { } pointer
            && !pointer.StartsWith("#/components/", StringComparison.Ordinal))
        {
            // The exporter refers to where it has written the type before, which is elsewhere in this document.
            node = Export(context.TypeInfo.Type);
        }

        if (node is JsonObject whole && whole["required"] is JsonArray required && whole["properties"] is JsonObject properties)
        {
            // What is null is left out.
            whole["required"] = new JsonArray(
                [.. required.Select(r => r!.GetValue<string>()).Where(r => !MayBeNull(properties[r])).Select(r => JsonValue.Create(r))]);
        }

        if (context.PropertyInfo?.AttributeProvider is PropertyInfo property && _docs.Of(property) is { } text
            && node is JsonObject described)
        {
            described["description"] = text;
        }

        return node;
    }

    private static bool MayBeNull(JsonNode? schema) =>
        schema?["type"] is JsonArray types ? types.Any(t => t!.GetValue<string>() == "null")
            : schema?["anyOf"] is JsonArray choices && choices.Any(c => c?["type"] is JsonValue only && only.GetValue<string>() == "null");
}
