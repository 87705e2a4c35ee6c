using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Redoubt.Server.Audit;
using Redoubt.Server.Dispatch;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// Calls of the recovery desk for what speaks HTTP and JSON and no RPC: <c>POST /api/CLASS/MESSAGE</c> with the parameters by name, and
/// <c>GET</c> of what changes nothing. It turns a request into the call that it stands for and has the <see cref="Dispatcher"/> answer
/// that, so sessions, roles, audit and errors are those of every call. docs/operating/automation.md tells how it is used.
/// </summary>
internal sealed class ApiEndpoint(Dispatcher dispatcher, HttpSessions sessions, RequestBody bodies)
{
    private const string Root = "/api";

    // What the calls are, as OpenAPI: docs/formats/openapi.json, which a test makes from the same table and holds true.
    private const string DescriptionPath = Root + "/openapi.json";

    // Beside the desk's own messages, what finds an SR and has it carry the pool's metadata.
    private static readonly string[] OfSrs =
    [
        "get_by_uuid", "get_by_name_label", "get_database_replication_state", "enable_database_replication",
        "disable_database_replication",
    ];

    private static readonly FrozenDictionary<string, (ClassModel Class, MessageModel Message)> ByPath =
        Offered().ToFrozenDictionary(m => $"{Root}/{m.Class.Name}/{m.Message.Name}");

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = JsonWire.MaxDepth, AllowDuplicateProperties = false };

    /// <summary>The messages that can be called so.</summary>
    public static IEnumerable<(ClassModel Class, MessageModel Message)> Offered() =>
    [
        .. DataModel.Classes["recovery"].Messages.Values.Select(m => (DataModel.Classes["recovery"], m)),
        .. OfSrs.Select(name => (DataModel.Classes["SR"], DataModel.Classes["SR"].Messages[name])),
    ];

    /// <summary>Whether a path is one of these calls, or would be if there were such a message.</summary>
    public static bool IsOurs(string path) => path == Root || path.StartsWith(Root + "/", StringComparison.Ordinal);

    /// <summary>The status of a failure.</summary>
    public static int StatusOf(string code) => code switch
    {
        "SESSION_INVALID" or "SESSION_AUTHENTICATION_FAILED" => StatusCodes.Status401Unauthorized,
        "RBAC_PERMISSION_DENIED" => StatusCodes.Status403Forbidden,
        "MESSAGE_METHOD_UNKNOWN" or "HANDLE_INVALID" or "UUID_INVALID" => StatusCodes.Status404NotFound,
        _ when code.StartsWith("DR_", StringComparison.Ordinal) && code.EndsWith("_UNKNOWN", StringComparison.Ordinal) =>
            StatusCodes.Status404NotFound,
        "INVALID_VALUE" or "VALUE_NOT_SUPPORTED" or "FIELD_TYPE_ERROR" => StatusCodes.Status400BadRequest,
        "HOST_IS_SLAVE" => StatusCodes.Status421MisdirectedRequest,
        "HOST_STILL_BOOTING" => StatusCodes.Status503ServiceUnavailable,
        "INTERNAL_ERROR" => StatusCodes.Status500InternalServerError,
        _ => StatusCodes.Status409Conflict,
    };

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var path = http.Request.Path.Value!.TrimEnd('/');
            if (path == DescriptionPath && http.Request.Method == HttpMethods.Get)
            {
                await DescribeAsync(http);
                return;
            }

            if (!ByPath.TryGetValue(path, out var called))
            {
                throw new XenApiException("MESSAGE_METHOD_UNKNOWN", path[Root.Length..].TrimStart('/').Replace('/', '.'));
            }

            await CallAsync(http, called.Class, called.Message);
        }
        catch (XenApiException refused)
        {
            await FailAsync(http, refused);
        }
        catch (BadHttpRequestException bad) when (!http.Response.HasStarted)
        {
            await FailAsync(http, BadBody(bad.Message), bad.StatusCode);
        }
    }

    /// <summary>Answers with a failure.</summary>
    /// <param name="http">The request.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="status">The status, if it is not that of the code.</param>
    public static async Task FailAsync(HttpContext http, XenApiException failure, int? status = null)
    {
        http.Response.StatusCode = status ?? StatusOf(failure.Code);
        if (http.Response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"redoubt\"";
        }

        await WriteAsync(http, json => JsonSerializer.Serialize(
            json, new { code = failure.Code, parameters = failure.Parameters, message = ErrorSentences.Of(failure) }));
    }

    // For whoever asks: it says nothing of this pool.
    private static async Task DescribeAsync(HttpContext http)
    {
        await using var text = typeof(ApiEndpoint).Assembly.GetManifestResourceStream("openapi.json")!;
        http.Response.ContentType = JsonRpc.ContentType;
        http.Response.ContentLength = text.Length;
        await text.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    private async Task CallAsync(HttpContext http, ClassModel model, MessageModel message)
    {
        var request = http.Request;
        var isGet = request.Method == HttpMethods.Get && AuditTrail.Reads(model, message);
        if (!isGet && request.Method != HttpMethods.Post)
        {
            http.Response.Headers.Allow = AuditTrail.Reads(model, message) ? "GET, POST" : "POST";
            throw new BadHttpRequestException(
                $"{model.Name}.{message.Name} is called by {http.Response.Headers.Allow}", StatusCodes.Status405MethodNotAllowed);
        }

        // A page of somebody else's can have a browser post, but not as JSON without asking first, which nobody here consents to.
        if (!isGet && !request.HasJsonContentType())
        {
            throw new BadHttpRequestException(
                $"It must be JSON (Content-Type: {JsonRpc.ContentType})", StatusCodes.Status415UnsupportedMediaType);
        }

        var isKnown = await sessions.RunByHeaderAsync(http, async session =>
        {
            var arguments = isGet
                ? [.. message.Parameters.Select(p => OfQuery(request.Query, p, message))]
                : await bodies.ReadAsync(
                    request, body => OfBody(body.GetBuffer().AsMemory(0, (int)body.Length), message), http.RequestAborted, isKnown: true);
            if (isGet)
            {
                RequireKnown(request.Query.Keys, message);
            }

            var call = new RpcRequest(
                $"{model.Name}.{message.Name}", [new WireString(session.Ref.Opaque), .. arguments], WireNull.Instance, RpcForm.JsonRpc2);
            var answer = await dispatcher.DispatchAsync(call, http.Connection.RemoteIpAddress ?? IPAddress.None, http.RequestAborted);
            await AnswerAsync(http, message, answer);
        });
        if (!isKnown)
        {
            throw new XenApiException("SESSION_INVALID", "");
        }
    }

    private static Task AnswerAsync(HttpContext http, MessageModel message, Answer answer)
    {
        if (answer.Failure is { } failure)
        {
            return FailAsync(http, failure);
        }

        if (message.Result == XenTypes.Void)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return WriteAsync(http, json =>
        {
            var values = new JsonWireWriter(json, isOpen: true);
            foreach (var part in answer.Parts!)
            {
                part(values);
            }
        });
    }

    private static async Task WriteAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        http.Response.ContentType = JsonRpc.ContentType;
        http.Response.Headers.CacheControl = "no-store";
        await using var output = new AnswerStream(http.Response, http.RequestAborted);
        await using (var json = new Utf8JsonWriter(output, JsonRpc.Writing))
        {
            write(json);
        }

        await output.FinishAsync();
    }

    private static List<WireValue> OfBody(ReadOnlyMemory<byte> text, MessageModel message)
    {
        try
        {
            JsonWire.RequireFew(text.Span);
            using var document = JsonDocument.Parse(text, Reading);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } given)
            {
                throw BadBody("it must be a JSON object, with the parameters by name");
            }

            RequireKnown(given.EnumerateObject().Select(p => p.Name), message);
            return
            [
                .. message.Parameters.Select(p => !given.TryGetProperty(p.Name, out var value) ? throw Missing(p, message)
                    : p.Type is JsonTextType ? new WireString(value.GetRawText())
                    : JsonWire.Read(value)),
            ];
        }
        catch (WireFormatException wrong)
        {
            throw BadBody(wrong.InnerException?.Message ?? wrong.Message);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // That a text is no Unicode shows only when it is taken out.
            throw BadBody(broken.Message);
        }
    }

    private static WireValue OfQuery(IQueryCollection query, ParameterModel parameter, MessageModel message)
    {
        var text = query[parameter.Name] switch
        {
            [{ } one] => one,
            [] => throw Missing(parameter, message),
            var several => throw new XenApiException("INVALID_VALUE", parameter.Name, $"{several} (it is given more than once)"),
        };
        return parameter.Type == XenTypes.Bool && bool.TryParse(text, out var truth) ? new WireBool(truth)
            : parameter.Type == XenTypes.Float
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? new WireFloat(number)
            : new WireString(text);
    }

    private static void RequireKnown(IEnumerable<string> names, MessageModel message)
    {
        if (names.FirstOrDefault(name => message.Parameters.All(p => p.Name != name)) is { } unknown)
        {
            throw new XenApiException("INVALID_VALUE", unknown, $"({message.Name} has no such parameter; {Parameters(message)})");
        }
    }

    private static XenApiException Missing(ParameterModel parameter, MessageModel message) =>
        new("INVALID_VALUE", parameter.Name, $"(it is left out; {Parameters(message)})");

    private static string Parameters(MessageModel message) => message.Parameters.Count == 0
        ? "it takes none"
        : $"it takes {string.Join(", ", message.Parameters.Select(p => p.Name))}";

    private static XenApiException BadBody(string why) => new("INVALID_VALUE", "body", $"({why.TrimEnd('.')})");
}
