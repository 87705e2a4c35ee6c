using System.Text.Json;

namespace Redoubt.XenApi;

/// <summary>
/// Reads and writes whole JSON-RPC messages, versions 1.0 and 2.0, for the client and the server alike. Answers are byte for byte like
/// xapi's; a batch is not taken, as xapi takes none.
/// </summary>
/// <remarks>
/// Nothing here limits the size of a message: who reads it from a socket does. The depth is limited (<see cref="JsonWire.MaxDepth"/>).
/// </remarks>
public static class JsonRpc
{
    /// <summary>The content type of requests and answers. Some clients fall back to XML-RPC if a character set follows it.</summary>
    public const string ContentType = "application/json";

    private const int PendingBytes = 16 * 1024;

    /// <summary>How answers are written.</summary>
    public static JsonWriterOptions Writing { get; } = new()
    {
        // xapi escapes only what JSON demands, and so do the recordings that answers are compared with.
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Reads a call.</summary>
    /// <exception cref="WireFormatException">It is not JSON, nested too deep, or no call.</exception>
    public static RpcRequest ReadRequest(ReadOnlyMemory<byte> text)
    {
        JsonWire.RequireFew(text.Span);
        var call = ReadStruct(text, "a call");
        var form = call["jsonrpc"] switch
        {
            null => RpcForm.JsonRpc1,
            WireString { Value: "2.0" } => RpcForm.JsonRpc2,
            WireString { Value: "1.0" } => RpcForm.JsonRpc1,
            _ => throw new WireFormatException("a version of JSON-RPC that is neither 1.0 nor 2.0"),
        };
        var method = (call["method"] ?? throw new WireFormatException("a call without a method")).AsString("method");
        var parameters = call["params"] switch
        {
            null or WireNull => [],
            WireArray list => list.Items,
            var other => throw new WireFormatException("array of params", other),
        };
        return new(method, parameters, call["id"] ?? WireNull.Instance, form);
    }

    /// <summary>Writes a call in version 2.0.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="method">The message's full name.</param>
    /// <param name="id">The call's number.</param>
    /// <param name="parameters">Writes the parameters, one after the other.</param>
    public static void WriteRequest(Stream output, string method, long id, Action<IWireWriter> parameters)
    {
        using var json = new Utf8JsonWriter(output, Writing);
        json.WriteStartObject();
        json.WriteString("jsonrpc", "2.0");
        json.WriteString("method", method);
        json.WriteStartArray("params");
        parameters(new JsonWireWriter(json));
        json.WriteEndArray();
        json.WriteNumber("id", id);
        json.WriteEndObject();
    }

    /// <summary>Writes the answer to a call that succeeded.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="form">The call's version.</param>
    /// <param name="id">The call's id.</param>
    /// <param name="result">Writes the one value of the answer.</param>
    public static void WriteResult(Stream output, RpcForm form, WireValue id, Action<IWireWriter> result)
    {
        using var json = Begin(output, form);
        json.WritePropertyName("result");
        result(new JsonWireWriter(json));
        if (form == RpcForm.JsonRpc1)
        {
            json.WriteNull("error");
        }

        End(json, id);
    }

    /// <summary>Writes the answer to a call that succeeded, bit by bit.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="form">The call's version.</param>
    /// <param name="id">The call's id.</param>
    /// <param name="parts">Write the one value of the answer, one after the other.</param>
    /// <param name="afterPart">Called now and then between the parts, to send what has been written so far.</param>
    public static async Task WriteResultAsync(
        Stream output, RpcForm form, WireValue id, IEnumerable<Action<IWireWriter>> parts, Func<ValueTask> afterPart)
    {
        await using var json = Begin(output, form);
        json.WritePropertyName("result");
        var values = new JsonWireWriter(json);
        foreach (var part in parts)
        {
            part(values);
            if (json.BytesPending > PendingBytes)
            {
                await json.FlushAsync();
                await afterPart();
            }
        }

        if (form == RpcForm.JsonRpc1)
        {
            json.WriteNull("error");
        }

        End(json, id);
    }

    /// <summary>Writes the answer to a call that failed.</summary>
    public static void WriteFailure(Stream output, RpcForm form, WireValue id, string code, IReadOnlyList<string> parameters)
    {
        using var json = Begin(output, form);
        if (form == RpcForm.JsonRpc1)
        {
            json.WriteNull("result");
            WriteWords(json, "error", [code, .. parameters]);
        }
        else
        {
            json.WriteStartObject("error");
            json.WriteNumber("code", 1);
            json.WriteString("message", code);
            WriteWords(json, "data", parameters);
            json.WriteEndObject();
        }

        End(json, id);
    }

    /// <summary>Reads an answer of either version.</summary>
    /// <exception cref="WireFormatException">It is not JSON, nested too deep, or no answer.</exception>
    public static RpcResponse ReadResponse(ReadOnlyMemory<byte> text)
    {
        var answer = ReadStruct(text, "an answer");
        return answer["error"] switch
        {
            WireStruct error => RpcResponse.Failed(
                [error["message"] ?? throw new WireFormatException("a failure without a code"), .. (error["data"] as WireArray)?.Items ?? []]),
            WireArray error => RpcResponse.Failed(error.Items),
            null or WireNull => new(answer["result"] ?? throw new WireFormatException("an answer with neither result nor error"), null),
            var other => throw new WireFormatException("error", other),
        };
    }

    private static WireStruct ReadStruct(ReadOnlyMemory<byte> text, string what)
    {
        try
        {
            using var document = JsonDocument.Parse(text, JsonWire.Options);
            return JsonWire.Read(document.RootElement) as WireStruct ?? throw new WireFormatException($"{what} that is no JSON object");
        }
        catch (JsonException broken)
        {
            throw new WireFormatException($"{what} that is no JSON", broken);
        }
        catch (InvalidOperationException broken)
        {
            // The parser checks the grammar; that a string is no UTF-8, or holds half a surrogate pair, shows only when it is taken out.
            throw new WireFormatException($"{what} with text that is no Unicode", broken);
        }
    }

    private static Utf8JsonWriter Begin(Stream output, RpcForm form)
    {
        var json = new Utf8JsonWriter(output, Writing);
        json.WriteStartObject();
        if (form == RpcForm.JsonRpc2)
        {
            json.WriteString("jsonrpc", "2.0");
        }

        return json;
    }

    private static void End(Utf8JsonWriter json, WireValue id)
    {
        json.WritePropertyName("id");
        id.WriteTo(new JsonWireWriter(json));
        json.WriteEndObject();
    }

    private static void WriteWords(Utf8JsonWriter json, string name, IEnumerable<string> words)
    {
        json.WriteStartArray(name);
        foreach (var word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }
}
