using System.Text.Json;

namespace Redoubt.XenApi;

/// <summary>Reads values written as JSON.</summary>
public static class JsonWire
{
    /// <summary>How deep values may be nested: far deeper than any of XenAPI's, shallow enough for any stack.</summary>
    public const int MaxDepth = 64;

    /// <summary>How JSON from outside is parsed.</summary>
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Checks that a text is JSON of no more values than a call may have.</summary>
    /// <remarks>Counted before any of them is made: a value of one byte becomes an object of fifty.</remarks>
    /// <exception cref="WireFormatException">It is not.</exception>
    public static void RequireFew(ReadOnlySpan<byte> text)
    {
        var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            for (var values = 0; json.Read(); values++)
            {
                if (values > RpcRequest.MaxValues)
                {
                    throw new WireFormatException($"a call with more than {RpcRequest.MaxValues} values");
                }
            }
        }
        catch (JsonException broken)
        {
            throw new WireFormatException("a call that is no JSON", broken);
        }
    }

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
