using System.Collections.Immutable;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Pool;
using Redoubt.Server.Dispatch;
using Redoubt.Server.Http;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>
/// What a member answers: where the coordinator is. To calls <c>HOST_IS_SLAVE</c> with its address, as xapi does, which clients follow; to
/// browsers a redirection. The coordinator itself has it run guests (<see cref="MemberEndpoint"/>).
/// </summary>
internal sealed class MemberServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly EmergencyCalls _emergency;
    private readonly MemberEndpoint _host;
    private readonly HostCertificates _certificates;
    private readonly ILogger _log;
    private readonly RequestBody _bodies = new(_ => false);

    private MemberServer(
        WebApplication web, EmergencyCalls emergency, MemberEndpoint host, HostCertificates certificates, ILogger log)
    {
        (_web, _emergency, _host, _certificates, _log) = (web, emergency, host, certificates, log);
        web.Run(HandleAsync);
    }

    /// <summary>The URLs it listens on, with their real ports.</summary>
    public IReadOnlyList<string> Urls { get; private set; } = [];

    /// <summary>Where others reach it.</summary>
    public required Uri Reached { get; init; }

    /// <summary>Starts it; it answers when this returns.</summary>
    /// <exception cref="ServeException">It can't listen.</exception>
    public static async Task<MemberServer> StartAsync(
        ServeConfig config, EtcdMember etcd, EmergencyCalls emergency, HostAgent agent, ILoggerFactory loggers, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var urls = config.ListenUrls.Select(ListenUrl.Parse).ToList();
        try
        {
            var (own, authority) = EtcdMember.CertificatesIn(PoolMembership.DirectoryOf(config.DataDirectory));
            var hosts = new HostCertificates(own, authority);
            var certificates = urls.Any(u => u.IsSecure) ? ServerCertificate.Open(config.DataDirectory, urls, time) : null;
            using var sockets = BoundSockets.Open(urls);
            var listened = urls.Select(u => u.Show(sockets.PortOf(u))).ToList();
            var reached = HostUpkeep.UrlOf(
                [.. urls.Select(u => (new IPEndPoint(u.EndPoint.Address, sockets.PortOf(u)), u.IsSecure))]);
            var connections = new Connections(time);
            var web = PoolServer.BuildWeb(config.DataDirectory, loggers, sockets, kestrel =>
            {
                foreach (var url in urls)
                {
                    kestrel.Listen(url.EndPoint, options =>
                    {
                        options.Use(next => connection => connections.HandleAsync(connection, next));
                        PoolServer.Configure(options, url, () => certificates!, hosts);
                        options.Use(next => connection => HostlessRequests.HandleAsync(connection, next, time));
                    });
                }
            });
            var endpoint = new MemberEndpoint(agent, etcd, loggers.CreateLogger<MemberEndpoint>());
            var server = new MemberServer(web, emergency, endpoint, hosts, loggers.CreateLogger<MemberServer>()) { Reached = reached };
            try
            {
                await web.StartAsync(cancellationToken);
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }

            server.Urls = listened;
            return server;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ServeException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _web.StopAsync(now.Token);
        await _web.DisposeAsync();
        _host.Dispose();
        _certificates.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        try
        {
            if (MemberEndpoint.IsOurs(http.Request))
            {
                await _host.HandleAsync(http);
            }
            else if (ApiEndpoint.IsOurs(http.Request.Path.Value ?? ""))
            {
                await ApiEndpoint.FailAsync(http, await FailureAsync(http.RequestAborted));
            }
            else if (http.Request.Method != "POST")
            {
                await RedirectAsync(http);
            }
            else if (http.Request.Path.Value == Readmission.FollowPath)
            {
                await FollowAsync(http);
            }
            else if (http.Request.Path.Value?.TrimEnd('/') == "/jsonrpc")
            {
                var request = await _bodies.ReadAsync(
                    http.Request, body => JsonRpc.ReadRequest(body.GetBuffer().AsMemory(0, (int)body.Length)), http.RequestAborted);
                await AnswerAsync(http, JsonRpc.ContentType, request);
            }
            else
            {
                var request = await _bodies.ReadAsync(http.Request, body => XmlRpc.ReadRequest(body), http.RequestAborted);
                await AnswerAsync(http, XmlRpc.ContentType, request);
            }
        }
        catch (WireFormatException malformed)
        {
            await HttpPages.InternalErrorAsync(http, malformed.Message);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException bad) when (!http.Response.HasStarted)
        {
            await HttpPages.RefusedAsync(http, bad.StatusCode, "Bad Request", bad.Message);
        }
        catch (Exception gone) when (http.RequestAborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            // Nobody is there any more to be told.
        }
    }

    private async Task FollowAsync(HttpContext http)
    {
        var then = await ReadmissionEndpoint.ReadAsync(http) is { } told ? await TryFollowAsync(told, http.RequestAborted) : null;
        if (then is null)
        {
            await HttpPages.ForbiddenAsync(http);
            return;
        }

        await http.Response.CompleteAsync();
        await then();
    }

    private async Task<Func<Task>?> TryFollowAsync(ImmutableSortedDictionary<string, string> told, CancellationToken cancellationToken)
    {
        try
        {
            return await _emergency.FollowAsync(told, cancellationToken);
        }
        catch (Exception e) when (e is XenApiException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _log.LogWarning("This host does not follow the coordinator that it was told of: {Message}", e.Message);
            return null;
        }
    }

    private async Task AnswerAsync(HttpContext http, string contentType, RpcRequest request)
    {
        var remote = http.Connection.RemoteIpAddress ?? IPAddress.None;
        var own = await _emergency.TryAsync(request, remote, http.RequestAborted);
        var answer = own?.Answer ?? Answer.Of(await FailureAsync(http.RequestAborted));
        RpcEndpoint.AddHeaders(http.Response);
        http.Response.ContentType = contentType;
        await using (var output = new AnswerStream(http.Response, http.RequestAborted))
        {
            await RpcEndpoint.WriteAsync(output, request, answer);
            await output.FinishAsync();
        }

        // This server goes when the host gets another place, and the answer should have come by then.
        await http.Response.CompleteAsync();
        await (own?.Then() ?? Task.CompletedTask);
    }

    private async Task RedirectAsync(HttpContext http)
    {
        if (await _emergency.FindCoordinatorAsync(http.RequestAborted) is { } address)
        {
            http.Response.Redirect($"https://{address}{http.Request.Path}{http.Request.QueryString}");
        }
        else
        {
            await HttpPages.RefusedAsync(
                http, StatusCodes.Status503ServiceUnavailable, "Service Unavailable", "The pool has no coordinator now; try again soon.");
        }
    }

    private async Task<XenApiException> FailureAsync(CancellationToken cancellationToken) =>
        await _emergency.FindCoordinatorAsync(cancellationToken) is { } address ? new("HOST_IS_SLAVE", address) : new("HOST_STILL_BOOTING");
}
