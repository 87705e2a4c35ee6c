using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// Where a member does what the host says that coordinates its pool.
/// <code>
/// greet      etcd is asked who coordinates, and only that host, by its certificate, gets a session; the one before ends, and what it had
///            begun is waited for: from then on nothing of an earlier coordinator begins any more
/// a call     only in that session
/// </code>
/// </summary>
internal sealed class MemberEndpoint(HostAgent agent, EtcdMember etcd, ILogger log) : IDisposable
{
    // What may go on for as long as it is waited for, and changes nothing but what it is asked to. All else is done to its end, whether
    // somebody waits or not.
    private static readonly HashSet<string> Waits =
    [
        nameof(IHypervisor.EventsAsync), nameof(IHypervisor.AwaitAnswerAsync), nameof(IHypervisor.CopyDisksAsync),
        nameof(IHypervisor.UnplugDiskAsync), nameof(IHypervisor.UnplugNicAsync), nameof(IHypervisor.PingAgentAsync),
        nameof(IHypervisor.ReadReportAsync), nameof(IHypervisor.MeasureAsync), nameof(IHypervisor.CopyQuietDisksAsync),
        nameof(IHypervisor.CheckpointAsync), nameof(IHypervisor.SendAsync),
    ];

    // What makes a guest: nobody must take it for absent while it is on its way.
    private static readonly HashSet<string> Starts =
        [nameof(IHypervisor.StartAsync), nameof(IHypervisor.RestoreAsync), nameof(IHypervisor.ReceiveAsync)];

    private static readonly MethodInfo ResultOf =
        typeof(MemberEndpoint).GetMethod(nameof(ResultAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    private readonly SemaphoreSlim _greeting = new(1, 1);
    private readonly Lock _gate = new();
    private readonly List<Task> _starts = [];
    private Guid _session;
    private CancellationTokenSource _ended = new();

    /// <summary>Whether a request is one of these.</summary>
    public static bool IsOurs(HttpRequest request) =>
        request.Path.Value?.StartsWith(MemberWire.Path, StringComparison.Ordinal) == true;

    public void Dispose()
    {
        _greeting.Dispose();
        _ended.Dispose();
    }

    public async Task HandleAsync(HttpContext http)
    {
        // That the pool's authority has signed it, TLS has checked; without that name in TLS there is none.
        if (http.Connection.ClientCertificate is not { } certificate)
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var caller = certificate.GetNameInfo(X509NameType.SimpleName, false);
        var path = http.Request.Path.Value![MemberWire.Path.Length..].Split('/');
        if (path is [MemberWire.Greeting])
        {
            await AnswerAsync(http, (_, _) => GreetAsync(caller), typeof(MemberWire.Greeted));
            return;
        }

        if (!Guid.TryParse(http.Request.Headers[MemberWire.Session], out var session) || EndOf(session) is not { } ended)
        {
            http.Response.StatusCode = StatusCodes.Status409Conflict;
            await http.Response.WriteAsync("another greeting has come since", http.RequestAborted);
            return;
        }

        if (path is [MemberWire.Line, var kind, var vm] && Guid.TryParse(vm, out var uuid))
        {
            await ConnectAsync(http, uuid, kind, ended);
        }
        else if (path is [var target, var name] && Find(target, name) is { } method)
        {
            await CallAsync(http, session, target, method, ended);
        }
        else
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync("it does not know what is asked, as another version may", http.RequestAborted);
        }
    }

    // Not those that these take over from others: closing it is nobody's from outside.
    private static MethodInfo? Find(string target, string name) => MemberWire.Targets.FirstOrDefault(t => t.Name == target).Type?
        .GetMethods().FirstOrDefault(m => m.Name == name && !m.IsSpecialName && !m.IsGenericMethod);

    private CancellationToken? EndOf(Guid session)
    {
        lock (_gate)
        {
            return session == _session && session != Guid.Empty ? _ended.Token : null;
        }
    }

    private async Task<object?> GreetAsync(string caller)
    {
        await _greeting.WaitAsync();
        try
        {
            var standing = await Coordinator.ReadStandingAsync(etcd.Client, CancellationToken.None);
            if (standing.FirstOrDefault()?.Host != caller)
            {
                throw new IOException("by what the majority of the hosts says, it is not the host that asks that coordinates the pool");
            }

            Task[] starts;
            CancellationTokenSource before;
            lock (_gate)
            {
                (before, _ended) = (_ended, new());
                _session = Guid.NewGuid();
                starts = [.. _starts];
            }

            await before.CancelAsync();
            before.Dispose();
            agent.BeginAnew();
            await Task.WhenAll(starts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var hypervisor = agent.Hypervisor ?? throw new IOException(agent.Trouble);
            return new MemberWire.Greeted
            {
                Session = _session,
                DataDirectory = agent.Acts.DataDirectory,
                KeepsTpms = agent.Acts.KeepsTpms,
                Facts = hypervisor.Facts,
                Silent = hypervisor.Silent,
                Strays = hypervisor.Strays,
                OpenQuestionLimit = hypervisor.OpenQuestionLimit,
                Bridges = await agent.ListBridgesAsync(CancellationToken.None),
            };
        }
        finally
        {
            _greeting.Release();
        }
    }

    private async Task CallAsync(HttpContext http, Guid session, string target, MethodInfo method, CancellationToken ended)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, ended);
        var token = Waits.Contains(method.Name) ? either.Token : CancellationToken.None;
        var result = method.ReturnType.IsGenericType ? method.ReturnType.GetGenericArguments()[0] : null;
        var isStream = result is not null && method.ReturnType.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
        await AnswerAsync(
            http,
            async (lines, _) =>
            {
                var on = target switch
                {
                    "hypervisor" => (object)(agent.Hypervisor ?? throw new IOException(agent.Trouble)),
                    "storage" => agent.Acts,
                    "sr" => agent.Sr(SrUuid.Parse(http.Request.Query["sr"])),
                    _ => agent,
                };
                var arguments = Arguments(method, body.RootElement, part => lines(new() { Part = part }), token);
                var begun = Begin(session, method, on, arguments);
                if (isStream)
                {
                    await foreach (var item in (IAsyncEnumerable<object>)begun)
                    {
                        await lines(new() { Item = JsonSerializer.SerializeToElement(item, result!, MemberWire.Json) });
                    }

                    return null;
                }

                if (result is not null)
                {
                    return await (Task<object?>)ResultOf.MakeGenericMethod(result).Invoke(null, [begun])!;
                }

                await (Task)begun;
                return null;
            },
            isStream ? null : result);
    }

    /// <summary>Begins a call, if the session still counts; a guest that it makes is waited for by the next greeting.</summary>
    private object Begin(Guid session, MethodInfo method, object on, object?[] arguments)
    {
        lock (_gate)
        {
            if (session != _session)
            {
                throw new IOException("another greeting has come since");
            }

            if (!Starts.Contains(method.Name))
            {
                return Invoke(method, on, arguments);
            }

            _starts.RemoveAll(s => s.IsCompleted);
            var start = Task.Run(() => (Task)Invoke(method, on, arguments));
            _starts.Add(start);
            return start;
        }
    }

    private static async Task<object?> ResultAsync<T>(Task<T> of) => await of;

    private static object Invoke(MethodInfo method, object on, object?[] arguments) =>
        method.Invoke(on, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;

    private static object?[] Arguments(MethodInfo method, JsonElement given, Func<double, Task> report, CancellationToken token)
    {
        using var next = given.EnumerateArray().GetEnumerator();
        var each = next;
        return [.. method.GetParameters().Select(p =>
            p.ParameterType == typeof(CancellationToken) ? token
            : p.ParameterType == typeof(Func<double, Task>) ? report
            : each.MoveNext() ? each.Current.Deserialize(p.ParameterType, MemberWire.Json)
            : throw new IOException($"{method.Name} was asked without its {p.Name}"))];
    }

    /// <summary>Answers in lines, one each second at least, until it is done.</summary>
    private async Task AnswerAsync(
        HttpContext http, Func<Func<MemberWire.AnswerLine, Task>, CancellationToken, Task<object?>> act, Type? resultType)
    {
        http.Response.ContentType = "application/x-ndjson";
        using var turn = new SemaphoreSlim(1, 1);
        async Task WriteAsync(MemberWire.AnswerLine line)
        {
            await turn.WaitAsync(http.RequestAborted);
            try
            {
                byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, MemberWire.Json), (byte)'\n'];
                await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
            finally
            {
                turn.Release();
            }
        }

        var acting = Task.Run(() => act(WriteAsync, http.RequestAborted));
        try
        {
            while (await Task.WhenAny(acting, Task.Delay(MemberWire.Beat, http.RequestAborted)) != acting)
            {
                await WriteAsync(new());
            }

            if (acting.IsCanceled)
            {
                // Another greeting has come, and with it this session has ended: an answer that breaks off says so.
                return;
            }

            await WriteAsync(await EndAsync(acting, resultType));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // Whoever asked has gone; what was asked is done to its end all the same.
            await ((Task)acting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<MemberWire.AnswerLine> EndAsync(Task<object?> acting, Type? resultType)
    {
        try
        {
            var result = await acting;
            return new()
            {
                IsDone = true,
                Result = resultType is null ? null : JsonSerializer.SerializeToElement(result, resultType, MemberWire.Json),
            };
        }
        catch (Exception failed)
        {
            if (failed is not (XenApiException or HypervisorException or IOException))
            {
                log.LogError(failed, "What the pool's coordinator asked for failed");
            }

            return new() { Failed = MemberWire.Failure.Of(failed) };
        }
    }

    private async Task ConnectAsync(HttpContext http, Guid vm, string kind, CancellationToken ended)
    {
        Stream guest;
        try
        {
            guest = kind is MemberWire.Leaving or MemberWire.Arriving
                ? await Lines().OpenMigrationAsync(vm, kind == MemberWire.Arriving, http.RequestAborted)
                : await agent.Acts.ConnectAsync(vm, kind == MemberWire.Screen, http.RequestAborted);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync(e.Message, http.RequestAborted);
            return;
        }

        await using (guest)
        {
            await using var viewer = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, ended);
            var there = viewer.CopyToAsync(guest, either.Token);
            await (guest.CanRead ? Task.WhenAny(guest.CopyToAsync(viewer, either.Token), there) : Task.WhenAny(there));
            await either.CancelAsync();
        }
    }

    private IMigrationLines Lines() => agent.Hypervisor as IMigrationLines ?? throw new IOException(agent.Trouble);
}
