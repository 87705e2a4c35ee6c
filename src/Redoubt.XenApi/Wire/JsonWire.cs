using System.Text.Json;

namespace Redoubt.XenApi;

/// <summary>Reads values written as JSON.</summary>
public static class JsonWire
{
    /// <summary>How deep values may be nested: far deeper than any of XenAPI's, shallow enough for any stack.</summary>
    public const int MaxDepth = 64;

    /// <summary>How JSON from outside is parsed.</summary>
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>The value of a JSON element.</summary>
    public static WireValue Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => new WireString(element.GetString()!),
        JsonValueKind.Number => element.TryGetInt64(out var whole) ? new WireInt(whole) : new WireFloat(element.GetDouble()),
        JsonValueKind.True => new WireBool(true),
        JsonValueKind.False => new WireBool(false),
        JsonValueKind.Array => new WireArray([.. element.EnumerateArray().Select(Read)]),
        JsonValueKind.Object => new WireStruct([.. element.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, Read(p.Value)))]),
        _ => WireNull.Instance,
    };
}
