using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>
/// A pool that is only rows in memory, and speaks XenAPI over an in-process connection. It outlives engines that die. What a real server
/// refuses it refuses with the same codes; <see cref="RealRunTests"/> holds both to the same runs. Storage and guests are not there: a
/// disk is a row, and a guest runs because its row says so.
/// </summary>
internal sealed class FakePool : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FakeDatabase?> _sessions = [];
    private readonly FakeMessages _messages;
    private int _lastSession;

    /// <summary>A picture, as far as anybody looks.</summary>
    public const string Png = "iVBORw0KGgoAAAANSUhEUg==";

    public FakePool(string name, FakeWorld world)
    {
        Name = name;
        World = world;
        _messages = new FakeMessages(this);
        var master = Database.Add(new HostRecord
        {
            NameLabel = name + " host",
            Enabled = true,
            SoftwareVersion = ImmutableSortedDictionary<string, string>.Empty.Add("product_brand", "Redoubt")
                .Add("product_version", "0.1.0"),
            CpuInfo = ImmutableSortedDictionary<string, string>.Empty.Add("cpu_count", "8"),
        }, Uuid("40"));
        Database.Set(master, h => h with { Metrics = Database.Add(new HostMetricsRecord { Live = true, MemoryTotal = 64L << 30 }) });
        Pool = Database.Add(new PoolRecord { NameLabel = name, Master = master }, Uuid("9a"));
    }

    public string Name { get; }

    public FakeWorld World { get; }

    public FakeDatabase Database { get; } = new();

    public Ref<PoolRecord> Pool { get; }

    /// <summary>Every message that was answered, in order; getters are left out.</summary>
    public List<string> Acts { get; } = [];

    /// <summary>Asked before each message that changes something: throw what the server is to fail with.</summary>
    public Action<string>? BeforeAct { get; set; }

    /// <summary>Has the acts refused whose names are such.</summary>
    public void Refuse(Func<string, bool> isSuch, string code) =>
        BeforeAct = name => _ = isSuch(name) ? throw new XenApiException(code) : name;

    /// <summary>The messages that this pool does not have; it takes them for extensions, as a genuine one does.</summary>
    public Func<string, bool> Lacks { get; set; } = _ => false;

    /// <summary>Asked after each message that changed something: throw to lose the answer.</summary>
    public Action<string>? AfterAct { get; set; }

    /// <summary>The names of networks that its host has no bridge for.</summary>
    public HashSet<string> DeadNetworks { get; } = [];

    /// <summary>Whether nobody answers.</summary>
    public bool IsSilent { get; set; }

    /// <summary>What it shows of every screen.</summary>
    public string Screen { get; set; } = Png;

    /// <summary>Sessions on foreign databases that nobody has ended.</summary>
    public int ForeignSessions
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Values.Count(s => s is not null);
            }
        }
    }

    public XenApiClient Connect()
    {
        lock (_gate)
        {
            return new XenApiClient(new Uri($"http://{Name}.invalid"), this, new Ref<SessionRecord>(Open(null)), TimeProvider.System);
        }
    }

    public string Open(FakeDatabase? foreign)
    {
        var session = $"OpaqueRef:session-{++_lastSession}";
        _sessions.Add(session, foreign);
        return session;
    }

    public void Close(string session) => _sessions.Remove(session);

    public FakeDatabase DatabaseOf(string session) =>
        _sessions.TryGetValue(session, out var foreign) ? foreign ?? Database : throw new XenApiException("SESSION_INVALID", session);

    /// <summary>What an operator would call the state of this pool, a line for each thing.</summary>
    public string Describe()
    {
        lock (_gate)
        {
            return string.Join('\n',
            [
                .. Database.All<VmRecord>().Select(
                    v =>
                        $"VM {v.Record.Uuid} {v.Record.NameLabel} {v.Record.PowerState} v{v.Record.Version} "
                            + $"blocked={v.Record.BlockedOperations.Count}").Order(StringComparer.Ordinal),
                .. Database.All<VmApplianceRecord>().Select(a => $"vApp {a.Record.Uuid}"),
                .. Database.All<NetworkRecord>().Select(n => $"network {n.Record.NameLabel}").Order(StringComparer.Ordinal),
                .. Database.All<SrRecord>().Select(s => $"SR {s.Record.Uuid} {s.Record.NameLabel} task={!s.Record.IntroducedBy.IsNull}")
                    .Order(StringComparer.Ordinal),
                .. Database.All<PbdRecord>().Select(p => $"PBD {p.Record.CurrentlyAttached}").Order(StringComparer.Ordinal),
                .. Database.All<VdiRecord>().Select(v => $"VDI {v.Record.Uuid} {v.Record.NameLabel}").Order(StringComparer.Ordinal),
                .. Database.All<VbdRecord>().Select(_ => "VBD"),
                .. Database.All<DrTaskRecord>().Select(_ => "DR task"),
            ]);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (IsSilent)
        {
            throw new HttpRequestException($"{Name} does not answer");
        }

        var call = JsonRpc.ReadRequest(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        var body = new MemoryStream();
        try
        {
            Action<IWireWriter> answer;
            TimeSpan sleep;
            lock (_gate)
            {
                answer = Answer(call.Method, call.Parameters);
                sleep = call.Method == "VM.start"
                    ? TimeSpan.FromSeconds(Database.Get(new Ref<VmRecord>(((WireString)call.Parameters[1]).Value)).StartDelay)
                    : TimeSpan.Zero;
            }

            await Task.Delay(sleep, World.Time, cancellationToken);

            JsonRpc.WriteResult(body, call.Form, call.Id, answer);
        }
        catch (XenApiException refused)
        {
            JsonRpc.WriteFailure(body, call.Form, call.Id, refused.Code, refused.Parameters);
        }

        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue(JsonRpc.ContentType);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    private Action<IWireWriter> Answer(string method, IReadOnlyList<WireValue> parameters)
    {
        var call = new FakeCall(((WireString)parameters[0]).Value, [.. parameters.Skip(1)]);
        var database = DatabaseOf(call.Session);
        if (method == OfferedMessages.List)
        {
            return new WireArray(
                [.. DataModel.Classes.Values.SelectMany(c => c.Messages.Keys.Select(m => $"{c.Name}.{m}")).Where(m => !Lacks(m))
                    .Select(m => new WireString(m))]).WriteTo;
        }

        var isTask = method.StartsWith("Async.", StringComparison.Ordinal);
        var name = isTask ? method["Async.".Length..] : method;
        if (Lacks(name))
        {
            throw new XenApiException(
                "RBAC_PERMISSION_DENIED", "host.call_extension", "No permission in user session. (Roles with this permission: pool-admin)");
        }

        var (model, message) = DataModel.FindMessage(name) ?? throw new XenApiException("MESSAGE_METHOD_UNKNOWN", name);
        if (message.Implicit is not (ImplicitKind.None or ImplicitKind.Create or ImplicitKind.Destroy)
            && Read(database, model, message, call) is { } read)
        {
            return read;
        }

        if (isTask)
        {
            return TaskOf(name, call);
        }

        return Act(name, call).WriteTo;
    }

    private WireValue Act(string name, FakeCall call)
    {
        if (name is "session.logout" or "task.destroy" or "VDI.open_database" or "VDI.open_database_at" or "VDI.get_metadata_facts" or "pool.get_closed_secrets" or "SR.scan" or "VM.get_console_log" or "VM.get_screenshot" or "host.compute_free_memory" or "network.get_trouble" or "message.get_since")
        {
            return _messages.Answer(name, call);
        }

        BeforeAct?.Invoke(name);
        var answer = _messages.Answer(name, call);
        Acts.Add($"{name} {string.Join(' ', call.Arguments.OfType<WireString>().Select(a => a.Value))}");
        AfterAct?.Invoke(name);
        return answer;
    }

    // What it does it does at once; that of a VM with a start delay is still waiting for that.
    private Action<IWireWriter> TaskOf(string name, FakeCall call)
    {
        TaskRecord record;
        try
        {
            Act(name, call);
            var isWaiting = name == "VM.start" && Database.Get(call.Ref<VmRecord>(0)).StartDelay > 0;
            record = new TaskRecord { Status = isWaiting ? TaskStatusType.Pending : TaskStatusType.Success };
        }
        catch (XenApiException refused)
        {
            record = new TaskRecord { Status = TaskStatusType.Failure, ErrorInfo = [refused.Code, .. refused.Parameters] };
        }

        var task = Database.Add(record);
        return writer => writer.String(task.Opaque);
    }

    private static Action<IWireWriter>? Read(FakeDatabase database, ClassModel model, MessageModel message, FakeCall call)
    {
        switch (message.Implicit)
        {
            case ImplicitKind.GetAll:
                var all = database.All(model);
                return writer => new WireArray([.. all.Select(r => new WireString(r.Ref))]).WriteTo(writer);
            case ImplicitKind.GetAllRecords:
                var rows = database.All(model);
                return writer =>
                {
                    writer.BeginStruct();
                    foreach (var (reference, record) in rows)
                    {
                        writer.Key(reference);
                        model.WriteRecord(writer, record);
                    }

                    writer.EndStruct();
                };
            case ImplicitKind.GetRecord:
                var found = database.Get(model, call.Text(0));
                return writer => model.WriteRecord(writer, found);
            case ImplicitKind.GetByUuid:
                var byUuid = database.ByUuid(model, call.Text(0)).Ref;
                return writer => writer.String(byUuid);
            case ImplicitKind.GetField:
                var row = database.Get(model, call.Text(0));
                return writer => message.Field!.Write(writer, row);
            default:
                return null;
        }
    }

    private string Uuid(string kind) => $"{kind}000000-0000-4000-8000-{(Name switch { "primary" => 1, "recovery" => 2, _ => 3 }):x12}";
}
