using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Compute;
using Redoubt.Console;
using Redoubt.Database.Journal;
using Redoubt.Desk;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Directories;
using Redoubt.Server.Dispatch;
using Redoubt.Server.Events;
using Redoubt.Server.Health;
using Redoubt.Server.Http;
using Redoubt.Server.Listening;
using Redoubt.Server.Membership;
using Redoubt.Server.Metrics;
using Redoubt.Server.Nbd;
using Redoubt.Server.Notifying;
using Redoubt.Server.Sessions;
using Redoubt.Server.Supervising;
using Redoubt.Server.Tasks;
using Redoubt.Server.ThinCli;
using Redoubt.Server.Users;
using Redoubt.Server.Viewing;
using Redoubt.Storage;

namespace Redoubt.Server;

/// <summary>
/// A pool that can be reached over the network.
/// <code>
///  HttpRoutes ──► RpcEndpoint ──► Dispatcher ──► behaviour (Redoubt.Pool; sessions, tasks and events here)
///             ├─► ApiEndpoint ──► the same Dispatcher: some calls, for what speaks HTTP and JSON
///             └─► TransferEndpoint, Vm…Endpoint ──► disks, dumps, archives
///  ConsoleHost ──► pages for people, which do what they do by calls
///  ConsoleConnection, ConsoleWebSocket ──► guests' screens and serial ports
///  NbdServer ──► disks, for backup programs
///  ThinCliConnection ──► the command line's commands, which call back over the network
/// </code>
/// Stopping it leaves the guests running.
/// </summary>
public sealed class PoolServer : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly ThinCliTransfers _files = new();
    private readonly PoolDaemon _daemon;
    private readonly WebApplication _web;
    private readonly TaskRunner _tasks;
    private readonly TaskSweep _sweep;
    private readonly EventFeed _feed;
    private readonly Logins _logins;
    private readonly AuditLog _audit;
    private readonly DataDirectoryWatch _health;
    private readonly DaemonMeters _meters;
    private readonly CertificateReload? _certificate;
    private HostUpkeep? _host;
    private Notifier? _notifier;
    private readonly CallFailures _failures;
    private readonly RecoveryService _recovery;
    private readonly ConsoleViewers _viewers;
    private readonly ConsoleConnection _consoles;
    private readonly NbdServer _nbd;

    private PoolServer(
        PoolDaemon daemon, WebApplication web, RootPassword password, LocalPasswords passwords, CertificateReload? certificate,
        string? metricsTokenFile, int nbdPort, MemberCalls members)
    {
        (_daemon, _web, _certificate) = (daemon, web, certificate);
        var services = daemon.Services;
        _meters = new DaemonMeters(services.Meter);
        var loggers = services.Loggers;
        var failures = new CallFailures(loggers.CreateLogger<CallFailures>());
        _audit = new AuditLog(services.Files, loggers.CreateLogger<AuditLog>());
        _health = new DataDirectoryWatch(services, TimeProvider.System, loggers.CreateLogger<DataDirectoryWatch>());
        var audit = new AuditTrail(services, _audit);
        var directory = new DirectoryLogins(services);
        _logins = new Logins(services, password, passwords, directory, new LoginThrottle(services.Time), audit);
        _tasks = new TaskRunner(services, failures, loggers.CreateLogger<TaskRunner>());
        _sweep = new TaskSweep(services, _tasks, loggers.CreateLogger<TaskSweep>());
        _feed = new EventFeed(services.Database, services.Time);
        var events = new EventCalls(services, _feed);
        Dispatcher? dispatcher = null;
        OwnApi api = (remote, isUse) => new LocalCalls(() => dispatcher!, remote, isUse);
        _recovery = RecoveryService.Open(services, api, () => _health.Trouble, loggers);
        _nbd = new NbdServer(
            services, nbdPort, () => certificate?.Current, audit, failures, loggers.CreateLogger<NbdServer>());
        var own = new MessageTable(
            members,
            new NbdCalls(services, _nbd, () => certificate?.Current),
            new SessionCalls(services, _logins, password),
            new SubjectCalls(services, passwords),
            new DirectoryCalls(services, directory),
            new TaskCalls(services, _tasks),
            _recovery.Messages,
            new UrlImportCalls(daemon),
            new CertificateCalls(services, () => certificate?.Current),
            events);
        dispatcher = new Dispatcher(daemon, own, _logins, events, _tasks, audit, _health, failures);
        var sessions = new HttpSessions(services, _logins);
        var transfers = new TransferRunner(sessions, new ClientTask(services, _tasks, failures), audit, failures);
        var page = new MetricsPage(services, _recovery, _health, _meters, () => _notifier?.States ?? []);
        var metrics = new MetricsEndpoint(page, metricsTokenFile) { Sessions = sessions };
        var bodies = new RequestBody(IsSession);
        var routes = new HttpRoutes(
            new RpcEndpoint(dispatcher, bodies, IsSession),
            new TransferEndpoint(daemon, transfers),
            new VmMetadataEndpoint(daemon, transfers),
            new VmTransferEndpoint(daemon, transfers),
            new StatisticsEndpoint(daemon, sessions, transfers),
            new ThinCliEndpoint(_files),
            new ApiEndpoint(dispatcher, sessions, bodies),
            metrics.HandleAsync,
            new ReadmissionEndpoint(
                members, services.DataDirectory, () => certificate?.Current, loggers.CreateLogger<ReadmissionEndpoint>()).HandleAsync,
            _health,
            loggers.CreateLogger<HttpRoutes>());
        web.Services.GetRequiredService<ConsolePool>().Open(new()
        {
            Pool = services,
            Recovery = _recovery,
            Api = api,
            LoginAsync = (user, password, remote, token) => _logins.LoginAsync(user, password, "console", remote, token),
            Prove = Connections.Prove,
            RecordAsync = (caller, remote, path, act) => audit.BeginFile(caller, remote, "console/inspect", path).RunAsync(act),
        });
        var console = ConsoleHost.Build(web.Services);
        _viewers = new ConsoleViewers(services, loggers.CreateLogger<ConsoleViewers>());
        var guestConsoles = new ConsoleEndpoint(services, new GuestConsoles(services), _viewers, sessions, audit, failures);
        _consoles = new ConsoleConnection(guestConsoles, services.Time);
        var guestConsole = ConsoleWebSocket.Build(web.Services, guestConsoles);
        web.Run(http => ConsoleWebSocket.IsOurs(http.Request) ? guestConsole(http)
            : ConsoleHost.IsOurs(http.Request) ? ConsoleHost.HandleAsync(http, console)
            : routes.HandleAsync(http));
        _failures = failures;
    }

    private bool IsSession(string spelled) => _daemon.Services.Sessions.Peek(new(spelled)) is not null;

    /// <summary>The URLs it listens on, with their real ports.</summary>
    public IReadOnlyList<string> Urls { get; private set; } = [];

    /// <summary>The root password, if this start has made it up.</summary>
    public string? GeneratedPassword { get; private init; }

    /// <summary>Recovery, for whoever is in this process.</summary>
    public RecoveryService Recovery => _recovery;

    /// <summary>The console, for tests of what no page tells.</summary>
    internal ConsolePool Console => _web.Services.GetRequiredService<ConsolePool>();

    internal PoolDaemon Daemon => _daemon;

    internal CertificateReload? Certificate => _certificate;

    internal TaskRunner Tasks => _tasks;

    internal TaskSweep Sweep => _sweep;

    internal ConsoleViewers Viewers => _viewers;

    internal NbdServer Nbd => _nbd;

    /// <summary>Says what an operator should know of this start, and where it listens.</summary>
    internal async Task TellAsync(TextWriter output)
    {
        foreach (var note in Daemon.Notes)
        {
            await output.WriteLineAsync($"redoubt: {note}");
        }

        if (Daemon.Services.Hosts.Local.State is LinkState.Lost lost)
        {
            await output.WriteLineAsync($"redoubt: {lost.Why.Message}");
        }

        foreach (var url in Urls)
        {
            await output.WriteLineAsync($"redoubt: listening on {url}");
        }

        await output.FlushAsync(CancellationToken.None);
    }

    /// <summary>Starts a server; it answers requests when this returns.</summary>
    /// <exception cref="ServeException">It can't start; nothing has been left running.</exception>
    public static Task<PoolServer> StartAsync(ServeConfig config, TimeProvider time, CancellationToken cancellationToken) =>
        StartAsync(config, new(new Seat(config, TextWriter.Null, time), null, null), time, (_, _) => { }, cancellationToken);

    /// <inheritdoc cref="StartAsync(ServeConfig, TimeProvider, CancellationToken)"/>
    /// <param name="config">What the operator says.</param>
    /// <param name="place">The place of the server among the hosts of its pool.</param>
    /// <param name="time">The clock.</param>
    /// <param name="show">Shows a root password that was made up, and where the console is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    // 1 the sockets, 2 the pool, 3 root's password is shown and then kept, 4 requests are answered.
    internal static async Task<PoolServer> StartAsync(
        ServeConfig config, ServerPlace place, TimeProvider time, Action<string, Uri> show, CancellationToken cancellationToken)
    {
        var urls = config.ListenUrls.Select(ListenUrl.Parse).ToList();
        if (urls.Count == 0)
        {
            throw new ServeException("There is nothing to listen on. Give at least one --listen URL.");
        }

        using var sockets = BoundSockets.Open(urls);
        var loggers = ServerLog.Open();
        string? wanted;
        DataDirectory? directory = null;
        PoolDaemon daemon;
        try
        {
            wanted = config.RootPasswordFile is { } file ? RootPassword.ReadFrom(file) : null;
            var pool = PoolOf(config, loggers) with
            {
                HostUuid = place.HostUuid,
                Agree = place.Agree,
                AgreeToFiles = place.AgreeToFiles,
                DeadHosts = place.Dead,
                OpenMember = (host, uuid, address, stopping) => RemoteHost.OpenAsync(
                    host, PoolMembership.DirectoryOf(config.DataDirectory), uuid, address, time, stopping),
            };
            directory = DataDirectory.Open(config.DataDirectory, config.Without);
            await Task.Run(() => KeptFiles.Check(directory, wanted is not null), cancellationToken);
            daemon = await PoolDaemon.OpenAsync(Interlocked.Exchange(ref directory, null), pool, time, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or HypervisorException
            or JournalException)
        {
            loggers.Dispose();
            throw new ServeException(e.Message, e);
        }
        finally
        {
            directory?.Dispose();
        }

        return await StartAsync(config, daemon, urls, sockets, wanted, place, show, cancellationToken);
    }

    /// <summary>What the operator says, as a pool takes it.</summary>
    internal static PoolConfig PoolOf(ServeConfig config, ILoggerFactory loggers) => new()
    {
        DataDirectory = config.DataDirectory,
        NameLabel = config.NameLabel,
        DefaultTemplates = config.DefaultTemplates,
        HypervisorUri = config.HypervisorUri,
        HypervisorTrialCommand = config.HypervisorTrialCommand,
        RestoreFrom = config.RestoreFrom,
        NewPool = config.NewPool,
        Without = config.Without,
        BootRoots = config.BootRoots,
        StorageRoots = config.StorageRoots,
        AdoptFrom = config.AdoptFrom,
        Loggers = loggers,
    };

    /// <summary>Stops answering, cancels what runs, and closes the pool. The guests stay.</summary>
    public async ValueTask DisposeAsync()
    {
        // Runs stop where they are, between two calls of theirs, while these are still answered.
        await _recovery.DisposeAsync();

        // Who waits for events, or looks at a console, would hold up the end.
        _feed.Dispose();
        await _viewers.DisposeAsync();
        await _nbd.DisposeAsync();
        using (var limit = new CancellationTokenSource(StopLimit, _daemon.Services.Time))
        {
            await _web.StopAsync(limit.Token);
        }

        if (_notifier is not null)
        {
            await _notifier.DisposeAsync();
        }

        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await _sweep.DisposeAsync();
        await _tasks.DisposeAsync();
        _logins.Dispose();
        await _audit.DisposeAsync();
        await _health.DisposeAsync();
        _meters.Dispose();
        await _web.DisposeAsync();
        await _daemon.DisposeAsync();
        if (_certificate is not null)
        {
            await _certificate.DisposeAsync();
        }

        // What goes wrong until the end is told as well.
        _daemon.Services.Loggers.Dispose();
    }

    private static async Task<PoolServer> StartAsync(
        ServeConfig config, PoolDaemon daemon, List<ListenUrl> urls, BoundSockets sockets, string? wanted, ServerPlace place,
        Action<string, Uri> show, CancellationToken cancellationToken)
    {
        IAsyncDisposable started = daemon;
        try
        {
            var listened = urls.Select(u => (Url: u, Port: sockets.PortOf(u))).ToList();
            var reached = HostUpkeep.UrlOf([.. listened.Select(l => (new IPEndPoint(l.Url.EndPoint.Address, l.Port), l.Url.IsSecure))]);
            var (password, generated) = RootPassword.Open(daemon.Services.Files, wanted, made => show(made, new Uri(reached, "console/")));
            CertificateReload? reload = null;
            var certificate = urls.Any(u => u.IsSecure) ? ServerCertificate.Open(config.DataDirectory, urls, daemon.Services.Time) : null;
            PoolServer? server = null;
            var connections = new Connections(daemon.Services.Time);
            var logs = daemon.Services.Loggers;
            var web = BuildWeb(config.DataDirectory, logs, sockets, kestrel => urls.ForEach(url => kestrel.Listen(url.EndPoint, options =>
            {
                // Before anything is done for a connection, a handshake above all.
                options.Use(next => connection => connections.HandleAsync(connection, next));
                Configure(options, url, () => reload!.Current);
                if (config.RunCommand is { } run)
                {
                    options.Use(next => connection => server!.ThinCli(run).HandleAsync(connection, next));
                }

                options.Use(next => connection => server!._consoles.HandleAsync(connection, next));
                options.Use(next => connection => HostlessRequests.HandleAsync(connection, next, daemon.Services.Time));
            })));
            var passwords = LocalPasswords.Open(daemon.Services.Files);
            reload = certificate is null
                ? null
                : new(
                    config.DataDirectory, urls, certificate, daemon.Services.Time,
                    web.Services.GetRequiredService<ILogger<CertificateReload>>());
            server = new PoolServer(
                daemon, web, password, passwords, reload, config.MetricsTokenFile, config.NbdPort,
                new MemberCalls(daemon.Services, place.Seat, config.MemberPort))
            { GeneratedPassword = generated };
            started = server;
            await server._recovery.StartAsync(cancellationToken);
            server._host = await HostUpkeep.StartAsync(
                daemon.Services, urls, web.Services.GetRequiredService<ILogger<HostUpkeep>>(), cancellationToken);
            server._notifier = Notifier.Start(daemon.Services, config.Notify);
            daemon.NoteKept();
            await web.StartAsync(cancellationToken);
            server.Urls = [.. listened.Select(l => l.Url.Show(l.Port))];
            await daemon.Services.ListensAtAsync(reached, cancellationToken);
            daemon.StartWithHost();
            return server;
        }
        catch (Exception e)
        {
            await started.DisposeAsync();
            daemon.Services.Loggers.Dispose();
            if (e is IOException or UnauthorizedAccessException or InvalidDataException or SocketException or FormatException
                or DbException)
            {
                throw new ServeException(e.Message, e);
            }

            throw;
        }
    }

    private ThinCliConnection ThinCli(Func<CommandLineCall, CancellationToken, Task<int>> run) =>
        new(_daemon.Services, _logins, _failures, run, () => new()
        {
            Server = new Uri(Urls[0]),
            SendFileAsync = (_, _, _) => Task.FromResult(false),
            ReceiveFileAsync = (_, _, _) => Task.FromResult(false),
            AcceptCertificate = offered => _certificate?.Current.Contains(offered) == true,
            Words = [],
            Session = "",
            Output = TextWriter.Null,
            Error = TextWriter.Null,
        }, _files);

    internal static void Configure(
        ListenOptions options, ListenUrl url, Func<ServerCertificates> certificates, HostCertificates? hosts = null)
    {
        // Nobody who speaks XenAPI needs more, and xapi speaks no other.
        options.Protocols = HttpProtocols.Http1;
        if (url.IsSecure)
        {
            options.UseHttps(https =>
            {
                https.TlsClientHelloBytesCallback = (connection, bytes) => connection.Items[typeof(ClientHello)] = ClientHello.Parse(bytes);
                https.ServerCertificateSelector = (connection, _) =>
                    HelloOf(connection) is { ServerName: MemberWire.ServerName } && hosts is not null
                        ? hosts.Own
                        : certificates().For(HelloOf(connection));
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.OnAuthenticate = (connection, tls) =>
                {
                    if (HelloOf(connection) is { ServerName: MemberWire.ServerName } && hosts is not null)
                    {
                        tls.ClientCertificateRequired = true;
                        tls.RemoteCertificateValidationCallback = (_, shown, _, _) =>
                            shown is X509Certificate2 theirs && PoolAuthority.HasSigned(hosts.Authority, theirs);
                    }
                };
            });
        }
    }

    private static ClientHello? HelloOf(ConnectionContext? connection) =>
        connection?.Items.TryGetValue(typeof(ClientHello), out var hello) == true ? hello as ClientHello : null;

    internal static WebApplication BuildWeb(
        string dataDirectory, ILoggerFactory loggers, BoundSockets sockets, Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSockets(o => o.CreateBoundListenSocket = sockets.Take);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = RequestBody.MaxBytes;
            kestrel.Limits.MaxConcurrentConnections = 8_000;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(5);
            listen(kestrel);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddConsole(dataDirectory);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = StopLimit);

        // The pool's log as well, and so not closed with the web server.
        builder.Services.AddSingleton(loggers);
        return builder.Build();
    }
}
