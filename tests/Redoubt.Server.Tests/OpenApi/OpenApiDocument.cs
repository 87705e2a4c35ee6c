using System.Globalization;
using System.Text.Json.Nodes;
using Redoubt.Server.Audit;
using Redoubt.Server.Http;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.OpenApi;

/// <summary>The description of the calls below <c>/api/</c> as OpenAPI 3.1, made from the table of messages.</summary>
internal static class OpenApiDocument
{
    private const string About = """
        The calls of the recovery desk, and those by which storage is protected, as plain HTTP and JSON. They are XenAPI's messages: the
        same users, roles, audit log and errors. What changes nothing and takes no JSON is described as GET, everything else as POST; all
        of them can be posted. docs/operating/automation.md tells how it is used.
        """;

    public static JsonObject Make()
    {
        var schemas = new SchemaBook();
        var paths = new JsonObject();
        foreach (var (model, message) in ApiEndpoint.Offered().OrderBy(m => $"{m.Class.Name}/{m.Message.Name}", StringComparer.Ordinal))
        {
            var isGet = AuditTrail.Reads(model, message) && !message.Parameters.Any(p => p.Type is JsonTextType);
            paths[$"/api/{model.Name}/{message.Name}"] = new JsonObject
            {
                [isGet ? "get" : "post"] = Operation(schemas, model, message, isGet),
            };
        }

        return new()
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Redoubt's recovery desk",
                ["version"] = "1",
                ["description"] = About.ReplaceLineEndings(" "),
                ["license"] = new JsonObject { ["name"] = "Apache 2.0", ["identifier"] = "Apache-2.0" },
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["security"] = new JsonArray(
                new JsonObject { ["password"] = new JsonArray() }, new JsonObject { ["session"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["password"] = new JsonObject
                    {
                        ["type"] = "http",
                        ["scheme"] = "basic",
                        ["description"] = "The name and password of a user of the pool.",
                    },
                    ["session"] = new JsonObject
                    {
                        ["type"] = "http",
                        ["scheme"] = "bearer",
                        ["description"] = "What session.login_with_password has answered over /jsonrpc.",
                    },
                },
                ["responses"] = new JsonObject { ["Failure"] = Failure("Any other failure.") },
                ["schemas"] = schemas.Write(FailureSchema()),
            },
        };
    }

    private static JsonObject Operation(SchemaBook schemas, ClassModel model, MessageModel message, bool isGet)
    {
        var operation = new JsonObject
        {
            ["operationId"] = $"{model.Name}_{message.Name}",
            ["tags"] = new JsonArray(model.Name),
            ["description"] = $"{Summary(model, message)} Role: {RoleNames.ToWire(message.Roles.Lowest)}.",
        };
        if (isGet && message.Parameters.Count > 0)
        {
            operation["parameters"] = new JsonArray(
                [
                    .. message.Parameters.Select(p => new JsonObject
                    {
                        ["name"] = p.Name, ["in"] = "query", ["required"] = true, ["schema"] = schemas.Of(p.Type),
                    }),
                ]);
        }

        if (!isGet)
        {
            operation["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["content"] = Json(new JsonObject
                {
                    ["type"] = "object",
                    ["properties"] = new JsonObject(message.Parameters.Select(p => KeyValuePair.Create(p.Name, schemas.Of(p.Type)))),
                    ["required"] = new JsonArray([.. message.Parameters.Select(p => JsonValue.Create(p.Name))]),
                    ["additionalProperties"] = false,
                }),
            };
        }

        operation["responses"] = Responses(schemas, message);
        return operation;
    }

    private static JsonObject Responses(SchemaBook schemas, MessageModel message)
    {
        var responses = new JsonObject();
        if (message.Result == XenTypes.Void)
        {
            responses["204"] = new JsonObject { ["description"] = "It is done." };
        }
        else
        {
            responses["200"] = new JsonObject { ["description"] = "The answer.", ["content"] = Json(schemas.Of(message.Result)!) };
        }

        foreach (var errors in message.Errors.GroupBy(ApiEndpoint.StatusOf).OrderBy(g => g.Key))
        {
            responses[errors.Key.ToString(CultureInfo.InvariantCulture)] =
                Failure(string.Join("\n", errors.Select(code => $"{code}: {ErrorSentences.Find(code, ["…", "…", "…", "…"])}")));
        }

        responses["default"] = new JsonObject { ["$ref"] = "#/components/responses/Failure" };
        return responses;
    }

    private static string Summary(ClassModel model, MessageModel message) => message.Implicit switch
    {
        _ when message.Summary.Length > 0 => message.Summary,
        ImplicitKind.GetByUuid => $"The reference of the {model.Name} with a UUID.",
        ImplicitKind.GetByNameLabel => $"The references of every {model.Name} with a name.",
        _ => throw new InvalidOperationException($"The data model does not say what {model.Name}.{message.Name} does."),
    };

    private static JsonObject Failure(string description) => new()
    {
        ["description"] = description,
        ["content"] = Json(new JsonObject { ["$ref"] = "#/components/schemas/Failure" }),
    };

    private static JsonObject FailureSchema() => new()
    {
        ["type"] = "object",
        ["description"] = "What was not done, and why.",
        ["properties"] = new JsonObject
        {
            ["code"] = new JsonObject { ["type"] = "string", ["description"] = "XenAPI's code." },
            ["parameters"] = new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject { ["type"] = "string" },
                ["description"] = "The parameters of the code.",
            },
            ["message"] = new JsonObject { ["type"] = "string", ["description"] = "What it means, and what to do next." },
        },
        ["required"] = new JsonArray("code", "parameters", "message"),
    };

    private static JsonObject Json(JsonNode schema) => new() { ["application/json"] = new JsonObject { ["schema"] = schema } };
}
