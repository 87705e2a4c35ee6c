using System.Diagnostics.Metrics;
using System.Net;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Events;
using Redoubt.Server.Health;
using Redoubt.Server.Sessions;
using Redoubt.Server.Tasks;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>
/// Answers calls. In this order, so that a client learns first what is wrong first: the message, the number of its parameters, the
/// session, the role, the types of the parameters; then the behaviour, at once or, with <c>Async.</c> before the name, as a task.
/// </summary>
internal sealed class Dispatcher(
    PoolDaemon daemon, MessageTable ownMessages, Logins logins, EventCalls events, TaskRunner tasks, AuditTrail audit,
    DataDirectoryWatch health, CallFailures failures)
{
    /// <summary>The name of the counter of answered calls, by message and by the code of the failure, empty for none.</summary>
    public const string CallCounter = "redoubt.rpc.calls";

    private const string AsyncPrefix = "Async.";

    private readonly Counter<long> _calls = daemon.Services.Meter.CreateCounter<long>(CallCounter, "{call}", "Calls that were answered.");

    // XML-RPC's own, of no class; xapi wants no session for it.
    private const string ListMethods = "system.listMethods";

    /// <summary>Answers a call; every failure is an answer too.</summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public Task<Answer> DispatchAsync(RpcRequest request, IPAddress remote, CancellationToken gone) =>
        DispatchAsync(request, remote, isUse: true, gone);

    /// <summary>Answers a call; every failure is an answer too.</summary>
    /// <param name="request">The call.</param>
    /// <param name="remote">Where it comes from.</param>
    /// <param name="isUse">Whether its session counts as used by it, and so lives on.</param>
    /// <param name="gone">Set when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<Answer> DispatchAsync(RpcRequest request, IPAddress remote, bool isUse, CancellationToken gone)
    {
        var answer = await TryAsync(request, remote, isUse, gone);
        _calls.Add(1, new("message", KnownName(request.Method)), new("failure", answer.Failure?.Code ?? ""));
        return answer;
    }

    // A client may call whatever it likes; what is counted is bounded by what there is.
    private static string KnownName(string method)
    {
        var name = DataModel.FullName(method.StartsWith(AsyncPrefix, StringComparison.Ordinal) ? method[AsyncPrefix.Length..] : method);
        return DataModel.FindMessage(name) is null ? "unknown" : name;
    }

    private async Task<Answer> TryAsync(RpcRequest request, IPAddress remote, bool isUse, CancellationToken gone)
    {
        try
        {
            return await AnswerAsync(request, remote, isUse, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            return Answer.Of(failures.Translate(error, request.Method));
        }
    }

    private async Task<Answer> AnswerAsync(RpcRequest request, IPAddress remote, bool isUse, CancellationToken gone)
    {
        if (request.Method == ListMethods)
        {
            return Answer.OfNames(AnsweredMethods());
        }

        var isAsync = request.Method.StartsWith(AsyncPrefix, StringComparison.Ordinal);
        var name = DataModel.FullName(isAsync ? request.Method[AsyncPrefix.Length..] : request.Method);
        if (DataModel.FindMessage(name) is not var (model, message) || FindBehaviour(name, model, message, isAsync) is not { } behaviour)
        {
            throw Unknown(request.Method);
        }

        var (spelled, given) = Arguments.Split(name, message, request);
        if (!message.NeedsSession)
        {
            var decoded = Arguments.Decode(model, message, given);
            return Answer.Of(message.Result, await health.DoAsync(() => Task.Run(() => LoginAsync(decoded, remote, gone), gone)));
        }

        var services = daemon.Services;
        var session = isUse
            ? services.Sessions.Get(new(spelled), spelled)
            : services.Sessions.Peek(new(spelled)) ?? throw new XenApiException("SESSION_INVALID", spelled);
        var audited = audit.Begin(session, remote, isAsync ? AsyncPrefix + name : name, model, message, given);
        object?[] arguments;
        try
        {
            RoleCheck.Require(session, model, message, given);
            arguments = Arguments.Decode(model, message, given);
        }
        catch (XenApiException refusal)
        {
            await (audited?.EndAsync(refusal) ?? Task.CompletedTask);
            throw;
        }

        behaviour = audited?.Around(behaviour) ?? behaviour;

        // Sessions are this pool's own, also those on a foreign database.
        var state = model.Name == "session" ? services.State : session.Foreign ?? services.State;
        if (isAsync)
        {
            var task = await health.DoAsync(
                () => tasks.StartAsync(request.Method, session, state, call => behaviour(call, arguments), message.Result));
            return Answer.Of(XenTypes.String, task.Opaque);
        }

        var call = new CallContext(session, state, TaskHandle.Unrecorded(), gone);
        return Answer.Of(
            message.Result, await (audited is null ? behaviour(call, arguments) : health.DoAsync(() => behaviour(call, arguments))));
    }

    private Func<CallContext, object?[], Task<object?>>? FindBehaviour(string name, ClassModel model, MessageModel message, bool isAsync)
    {
        if (!message.NeedsSession)
        {
            return name == Logins.Message && !isAsync ? NotCalled : null;
        }

        // Neither a session nor waiting for events is work that could go on by itself.
        if (isAsync && model.Name is ("session" or "event"))
        {
            return null;
        }

        var found = daemon.Messages.Find(name) ?? FindOwn(name);
        return found is null && !isAsync && ImplicitCalls.Handles(message)
            ? (call, arguments) => daemon.Implicit.InvokeAsync(call, model, message, arguments)
            : found;
    }

    private Func<CallContext, object?[], Task<object?>>? FindOwn(string name) => name switch
    {
        EventCalls.From => async (call, arguments) =>
            await events.FromAsync(call, (IReadOnlyList<string>)arguments[0]!, (string)arguments[1]!, (double)arguments[2]!),
        EventCalls.Next => async (call, _) => await events.NextAsync(call),
        _ => ownMessages.Find(name),
    };

    // Only what is answered: a client that takes this list for what it may call shall not be disappointed.
    private List<string> AnsweredMethods() =>
    [
        .. from model in DataModel.Classes.Values
           from message in model.Messages.Values
           let name = $"{model.Name}.{message.Name}"
           where FindBehaviour(name, model, message, isAsync: false) is not null
           orderby name
           select name,
        ListMethods,
    ];

    private async Task<object?> LoginAsync(object?[] arguments, IPAddress remote, CancellationToken gone) =>
        (await logins.LoginAsync((string)arguments[0]!, (string)arguments[1]!, (string)arguments[3]!, remote, gone)).Ref;

    private static Task<object?> NotCalled(CallContext call, object?[] arguments) =>
        throw new InvalidOperationException("A login has no session to be called with.");

    private static XenApiException Unknown(string method) => new("MESSAGE_METHOD_UNKNOWN", method);
}
