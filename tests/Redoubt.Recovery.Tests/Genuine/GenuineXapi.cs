using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>
/// Stands in for the xapi of a genuine XenServer 8.4 pool, over real HTTP, in JSON-RPC and XML-RPC: what it refuses, what it lacks, and
/// what it does in silence, as recorded from xapi 24.10 and read in its sources. Storage is an <see cref="GenuineArray"/> that several
/// pools see, a guest is a row, and time is real.
/// </summary>
internal sealed class GenuineXapi : IAsyncDisposable
{
    public const string Operator = "olga";
    public const string Password = "xenroot";

    private static readonly AllowedRoles Extensions = new(Role.PoolAdmin, ClientCertificate: false);

    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Session> _sessions = [];
    private readonly GenuineActs _acts;
    private int _last;

    private GenuineXapi(string name, GenuineArray array)
    {
        Name = name;
        Array = array;
        _acts = new GenuineActs(this);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapPost("/jsonrpc", JsonAsync);
        _app.MapPost("/", XmlAsync);
        _app.MapFallback(
            () => Results.Content(
                "<html><body><h1>HTTP 403 forbidden</h1>Access to the requested resource is forbidden.</body></html>", "text/html", null,
                403));
        var host = Database.Add(new HostRecord
        {
            NameLabel = name + " host",
            Enabled = true,
            ApiVersionMajor = 2,
            ApiVersionMinor = 21,
            SoftwareVersion = ImmutableSortedDictionary<string, string>.Empty
                .Add("product_brand", "XenServer").Add("product_version", "8.4.0").Add("platform_name", "XCP").Add("xapi", "24.10")
                    .Add("db_schema", "5.775"),
            CpuInfo = ImmutableSortedDictionary<string, string>.Empty.Add("cpu_count", "8"),
        }, NewUuid("40"));
        Database.Set(host, h => h with { Metrics = Database.Add(new HostMetricsRecord { Live = true, MemoryTotal = 64L << 30 }) });
        Host = host;
        Pool = Database.Add(
            new PoolRecord
            {
                NameLabel = name,
                Master = host,
                Restrictions = ImmutableSortedDictionary<string, string>.Empty.Add("restrict_dr", "false"),
            },
            NewUuid("9a"));
        foreach (var (type, features) in new[] { ("lvmoiscsi", "SR_METADATA"), ("lvmohba", "SR_METADATA"), ("nfs", "SR_PROBE") })
        {
            Database.Add(
                new SmRecord
                {
                    NameLabel = type,
                    Type = type,
                    Capabilities = [features],
                    Features = ImmutableSortedDictionary<string, long>.Empty.Add(features, 1),
                });
        }
    }

    public string Name { get; }

    public GenuineArray Array { get; }

    public FakeDatabase Database { get; } = new();

    public Ref<HostRecord> Host { get; }

    public Ref<PoolRecord> Pool { get; }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Whether it answers <c>system.listMethods</c>; else it takes that for an extension too.</summary>
    public bool ListsMethods { get; set; } = true;

    /// <summary>Every act, in order, with its references; getters, sessions and tasks are left out.</summary>
    public List<string> Acts { get; } = [];

    /// <summary>Every message that it was asked for and does not have.</summary>
    public List<string> Unknown { get; } = [];

    /// <summary>Every message that was refused for the role of its session.</summary>
    public List<string> Denied { get; } = [];

    /// <summary>
    /// When each VM began to run, by name: the moment itself, of which <c>VM_metrics.start_time</c> tells the whole seconds.
    /// </summary>
    public Dictionary<string, DateTimeOffset> Started { get; } = [];

    /// <summary>Called before each act.</summary>
    public Action<string>? BeforeAct { get; set; }

    public static async Task<GenuineXapi> StartAsync(string name, GenuineArray array)
    {
        var pool = new GenuineXapi(name, array);
        array.Pools.Add(pool);
        await pool._app.StartAsync(RealSite.Cancel);
        return pool;
    }

    public async Task<XenApiClient> LoginAsync(string user, CancellationToken cancellationToken)
    {
        var api = new XenApiClient(Url);
        await api.LoginAsync(user, Password, cancellationToken);
        return api;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    public string NewUuid(string kind) => $"{kind}000000-0000-4000-8000-{(Name[0] << 16) + ++_last:x12}";

    /// <summary>A session of the role that everybody has, on another pool's database.</summary>
    public string OpenForeign(FakeDatabase foreign) => Open(new(Role.ReadOnly, foreign, "disaster-recovery"));

    public FakeDatabase DatabaseOf(string session) => SessionOf(session).Foreign ?? Database;

    public Role RoleOf(string session) => SessionOf(session).Role;

    public void Close(string session) => _sessions.Remove(session);

    /// <summary>As the session's own record has it: who may do everything has no list.</summary>
    public SessionRecord RecordOf(string session)
    {
        var known = SessionOf(session);
        return known.Role == Role.LocalRoot
            ? new SessionRecord { IsLocalSuperuser = true, AuthUserName = known.User }
            : new SessionRecord
            {
                AuthUserName = known.User,
                RbacPermissions = known.Foreign is null
                    ? [.. Permission.All.Values.Where(p => p.Roles.Allows(known.Role)).Select(p => p.Label)]
                    : [],
            };
    }

    private string Open(Session session)
    {
        var reference = $"OpaqueRef:{Name}-session-{++_last}";
        _sessions.Add(reference, session);
        return reference;
    }

    private Session SessionOf(string reference) =>
        _sessions.GetValueOrDefault(reference) ?? throw new XenApiException("SESSION_INVALID", reference);

    private async Task JsonAsync(HttpContext http)
    {
        var call = JsonRpc.ReadRequest(await BodyAsync(http));
        var body = new MemoryStream();
        try
        {
            var answer = await AnswerAsync(call);
            JsonRpc.WriteResult(body, call.Form, call.Id, answer);
        }
        catch (XenApiException refused)
        {
            JsonRpc.WriteFailure(body, call.Form, call.Id, refused.Code, refused.Parameters);
        }

        http.Response.ContentType = JsonRpc.ContentType;
        await http.Response.Body.WriteAsync(body.ToArray());
    }

    private async Task XmlAsync(HttpContext http)
    {
        var call = XmlRpc.ReadRequest(new MemoryStream(await BodyAsync(http)));
        var body = new MemoryStream();
        try
        {
            var answer = await AnswerAsync(call);
            if (call.Method == OfferedMessages.List)
            {
                XmlRpc.WriteBareResult(body, [answer]);
            }
            else
            {
                XmlRpc.WriteResult(body, answer);
            }
        }
        catch (XenApiException refused)
        {
            XmlRpc.WriteFailure(body, refused.Code, refused.Parameters);
        }

        http.Response.ContentType = XmlRpc.ContentType;
        await http.Response.Body.WriteAsync(body.ToArray());
    }

    private static async Task<byte[]> BodyAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    // In xapi's order: the name, the number of parameters, the session, the role. Who is no administrator learns of no unknown name.
    private async Task<Action<IWireWriter>> AnswerAsync(RpcRequest request)
    {
        if (request.Method == OfferedMessages.List && ListsMethods)
        {
            return new WireArray([.. Names().Select(n => new WireString(n))]).WriteTo;
        }

        var isTask = request.Method.StartsWith("Async.", StringComparison.Ordinal);
        var name = isTask ? request.Method["Async.".Length..] : request.Method;
        FakeCall call;
        MessageModel message;
        lock (_gate)
        {
            if (DataModel.FindMessage(name) is not { } found || found.Message.IsExtension || found.Class.IsExtension)
            {
                Unknown.Add(name);
                var asker = SessionOf(request.Parameters is [WireString first, ..] ? first.Value : "");
                throw Extensions.Allows(asker.Role) && asker.Foreign is null
                    ? new XenApiException("MESSAGE_METHOD_UNKNOWN", name)
                    : Refused("host.call_extension", Extensions);
            }

            message = found.Message;
            var given = message.NeedsSession ? request.Parameters.Count - 1 : request.Parameters.Count;
            if (given != message.Parameters.Count)
            {
                throw new XenApiException("MESSAGE_PARAMETER_COUNT_MISMATCH", name, $"{message.Parameters.Count}", $"{given}");
            }

            if (name == "session.login_with_password")
            {
                return Login(((WireString)request.Parameters[0]).Value, ((WireString)request.Parameters[1]).Value).WriteTo;
            }

            call = new FakeCall(((WireString)request.Parameters[0]).Value, [.. request.Parameters.Skip(1)]);
            if (!message.Roles.Allows(RoleOf(call.Session)))
            {
                Denied.Add(name);
                throw Refused(name, message.Roles);
            }

            if (Read(found.Class, message, call) is { } read)
            {
                return read;
            }
        }

        return isTask ? Begin(name, call) : (await ActAsync(name, call)).WriteTo;
    }

    private WireString Login(string user, string password) => password != Password || user is not ("root" or Operator)
        ? throw new XenApiException("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure")
        : new WireString(Open(new(user == "root" ? Role.LocalRoot : Role.PoolOperator, null, user)));

    private async Task<WireValue> ActAsync(string name, FakeCall call)
    {
        WireValue answer;
        TimeSpan sleep;
        lock (_gate)
        {
            if (!name.StartsWith("task.", StringComparison.Ordinal) && !name.StartsWith("session.", StringComparison.Ordinal)
                && name is not ("VDI.open_database" or "host.compute_free_memory" or "host.get_servertime" or "SR.probe" or "SR.scan"))
            {
                BeforeAct?.Invoke(name);
                Acts.Add($"{name} {string.Join(' ', call.Arguments.OfType<WireString>().Select(a => a.Value))}".TrimEnd());
            }

            (answer, sleep) = _acts.Do(name, call);
        }

        await Task.Delay(sleep, RealSite.Cancel);
        return answer;
    }

    // A task is of the pool itself, also one that was begun in a session on another database.
    private Action<IWireWriter> Begin(string name, FakeCall call)
    {
        Ref<TaskRecord> task;
        lock (_gate)
        {
            task = Database.Add(new TaskRecord { NameLabel = "Async." + name, Status = TaskStatusType.Pending }, NewUuid("7a"));
        }

        _ = Task.Run(async () =>
        {
            TaskRecord ended;
            try
            {
                var answer = await ActAsync(name, call);
                ended = new TaskRecord
                {
                    Status = TaskStatusType.Success,
                    Progress = 1,
                    Result = $"<value>{(answer is WireString text ? text.Value : "")}</value>",
                };
            }
            catch (XenApiException refused)
            {
                ended = new TaskRecord { Status = TaskStatusType.Failure, ErrorInfo = [refused.Code, .. refused.Parameters] };
            }

            lock (_gate)
            {
                if (Database.Has(task.Opaque))
                {
                    Database.Set(task, t => ended with { Uuid = t.Uuid, NameLabel = t.NameLabel });
                }
            }
        });
        return writer => writer.String(task.Opaque);
    }

    private Action<IWireWriter>? Read(ClassModel model, MessageModel message, FakeCall call)
    {
        var rows = model.Name is "task" or "session" ? Database : DatabaseOf(call.Session);
        switch (message.Implicit)
        {
            case ImplicitKind.GetAll: return new WireArray([.. rows.All(model).Select(r => new WireString(r.Ref))]).WriteTo;
            case ImplicitKind.GetAllRecords:
                var all = rows.All(model);
                return writer =>
                {
                    writer.BeginStruct();
                    foreach (var (reference, record) in all)
                    {
                        writer.Key(reference);
                        Write(writer, model, record);
                    }

                    writer.EndStruct();
                };
            case ImplicitKind.GetRecord:
                var found = model.Name == "session" ? RecordOf(call.Text(0)) : rows.Get(model, call.Text(0));
                return writer => Write(writer, model, found);
            case ImplicitKind.GetByUuid: return new WireString(rows.ByUuid(model, call.Text(0)).Ref).WriteTo;
            case ImplicitKind.GetField:
                var row = rows.Get(model, call.Text(0));
                return writer => message.Field!.Write(writer, row);
            default: return null;
        }
    }

    private static void Write(IWireWriter writer, ClassModel model, Redoubt.XenApi.Record record)
    {
        writer.BeginStruct();
        foreach (var field in model.Fields.Where(f => !f.IsExtension))
        {
            writer.Key(field.Name);
            field.Write(writer, record);
        }

        writer.EndStruct();
    }

    private static IEnumerable<string> Names() =>
        DataModel.Classes.Values.Where(c => !c.IsExtension)
            .SelectMany(c => c.Messages.Values.Where(m => !m.IsExtension).Select(m => $"{c.Name}.{m.Name}"));

    private static XenApiException Refused(string permission, AllowedRoles roles) => new(
        "RBAC_PERMISSION_DENIED", Permission.Lower(permission),
        $"No permission in user session. (Roles with this permission: {string.Join(", ", RoleNames.Of(roles))})");

    private sealed record Session(Role Role, FakeDatabase? Foreign, string User);
}
