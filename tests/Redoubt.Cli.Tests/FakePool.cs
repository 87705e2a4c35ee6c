using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

/// <summary>A XenAPI server over real HTTP that answers from records in memory, and remembers what it was asked to do.</summary>
internal sealed class FakePool : IAsyncDisposable
{
    public const string Password = "hunter2, said the rabbit";

    private readonly WebApplication app;
    private readonly Dictionary<string, FakeDatabase> sessions = [];
    private readonly Dictionary<string, Func<IReadOnlyList<WireValue>, WireValue>> behaviour = [];
    private int lastSession;

    private FakePool(X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l =>
        {
            if (certificate is not null)
            {
                l.UseHttps(certificate);
            }
        }));
        app = builder.Build();
        app.MapPost("/jsonrpc", AnswerAsync);
        app.MapPut("/import_raw_vdi", ImportAsync);
        app.MapGet("/export_raw_vdi", (HttpRequest r) => Results.Bytes(Disks[r.Query["vdi"]!]));
    }

    public FakeDatabase Database { get; } = new();

    /// <summary>The database that every metadata disk opens to.</summary>
    public FakeDatabase Foreign { get; } = new();

    /// <summary>All messages but getters and the clearing away of tasks, with their arguments.</summary>
    public List<string> Trace { get; } = [];

    public Dictionary<string, byte[]> Disks { get; } = [];

    public int OpenSessions => sessions.Count;

    public string Url => app.Urls.First();

    public static async Task<FakePool> StartAsync(X509Certificate2? certificate = null)
    {
        var pool = new FakePool(certificate);
        await pool.app.StartAsync(TestContext.Current.CancellationToken);
        return pool;
    }

    public void On(string message, Func<IReadOnlyList<WireValue>, WireValue> answer) => behaviour[message] = answer;

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var call = JsonRpc.ReadRequest(body.ToArray());
        var answer = new MemoryStream();
        try
        {
            var value = Answer(call.Method, call.Parameters);
            JsonRpc.WriteResult(answer, call.Form, call.Id, value.WriteTo);
        }
        catch (XenApiException failure)
        {
            JsonRpc.WriteFailure(answer, call.Form, call.Id, failure.Code, failure.Parameters);
        }

        http.Response.ContentType = JsonRpc.ContentType;
        await http.Response.Body.WriteAsync(answer.ToArray());
    }

    private WireValue Answer(string method, IReadOnlyList<WireValue> parameters)
    {
        if (method == "session.login_with_password")
        {
            if (behaviour.TryGetValue(method, out var login))
            {
                return login(parameters);
            }

            return ((WireString)parameters[1]).Value == Password
                ? Open(Database)
                : throw new XenApiException("SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure");
        }

        var session = ((WireString)parameters[0]).Value;
        var database = sessions.GetValueOrDefault(session) ?? throw new XenApiException("SESSION_INVALID", session);
        var arguments = parameters.Skip(1).ToList();
        if (method == "session.logout")
        {
            sessions.Remove(session);
            return new WireString("");
        }

        if (method == "VDI.open_database")
        {
            return Open(Foreign);
        }

        var isTask = method.StartsWith("Async.", StringComparison.Ordinal);
        var name = isTask ? method[6..] : method;
        if (!isTask && !name.StartsWith("recovery.", StringComparison.Ordinal) && database.TryAnswer(name, arguments) is { } known)
        {
            return known;
        }

        if (name == "task.destroy")
        {
            return database.TryAct(name, arguments)!;
        }

        Trace.Add(string.Join(' ', arguments.Select(FakeDatabase.Text).Prepend(method)));
        if (!isTask)
        {
            return Act(database, name, arguments);
        }

        var task = new TaskRecord
        {
            Uuid = "7a5c0000-0000-4000-8000-000000000001",
            Status = TaskStatusType.Success,
            Progress = 1,
            Result = "<value></value>",
        };
        try
        {
            Act(database, name, arguments);
        }
        catch (XenApiException failure)
        {
            task = task with { Status = TaskStatusType.Failure, ErrorInfo = [failure.Code, .. failure.Parameters] };
        }

        // A task belongs to the pool even if the session is on another database.
        return new WireString(Database.Add(task));
    }

    private WireValue Act(FakeDatabase database, string name, List<WireValue> arguments) =>
        behaviour.TryGetValue(name, out var act) ? act(arguments)
        : database.TryAct(name, arguments) ?? throw new XenApiException("MESSAGE_METHOD_UNKNOWN", name);

    private WireString Open(FakeDatabase database)
    {
        var session = $"OpaqueRef:session-{++lastSession}";
        sessions[session] = database;
        return new(session);
    }

    private async Task ImportAsync(HttpRequest request)
    {
        var content = new MemoryStream();
        await request.Body.CopyToAsync(content);
        Disks[request.Query["vdi"]!] = content.ToArray();
        Trace.Add($"PUT {request.Query["format"]} {sessions.ContainsKey(request.Query["session_id"]!)}");
    }
}
