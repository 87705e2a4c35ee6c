using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Redoubt.Agreement;

/// <summary>
/// The etcd member of this host: a process of the daemon's, started again when it ends. It keeps its word on the disk, so it may be killed
/// at any moment.
/// </summary>
public sealed class EtcdMember : IAsyncDisposable
{
    // Ends etcd when the daemon does, however that ends: the end of its input is the one thing that no way of dying leaves out.
    private const string Script = """
        exec 3<&0
        etcd "$@" 3<&- >> "$0" 2>&1 &
        child=$!
        { cat <&3; kill -TERM $child; } > /dev/null 2>&1 &
        wait $child 2> /dev/null
        """;
    private const string Authority = "authority.crt";
    private const string Certificate = "member.crt";
    private const string Key = "member.key";

    // The shell's word for a program that is not there.
    private const int NotFound = 127;

    private const long MaxLogBytes = 16 << 20;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly EtcdMemberConfig _config;
    private readonly TimeProvider _time;
    private readonly X509Certificate2 _own;
    private readonly X509Certificate2 _authority;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile Process? _process;

    private volatile Uri _clientUrl = FreeUrl();

    private EtcdMember(EtcdMemberConfig config, TimeProvider time, ILogger log)
    {
        (_config, _time, _log) = (config, time, log);
        (_own, _authority) = CertificatesIn(config.Directory);
        Client = new EtcdClient(() => _clientUrl, _own, _authority, time);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Calls it.</summary>
    public EtcdClient Client { get; }

    /// <summary>Why it does not run, when it last ended by itself; <see langword="null"/> as long as it hasn't.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Where the daemon calls it; another after each start, since anybody may have taken the last one's port.</summary>
    internal Uri ClientUrl => _clientUrl;

    /// <summary>The number of its process, for tests that kill it.</summary>
    internal int? ProcessId => _process?.Id;

    /// <summary>What must lie in its directory, by name, before its first start: who it is to the others.</summary>
    public static IReadOnlyDictionary<string, string> FilesOf(X509Certificate2 authority, X509Certificate2 own)
    {
        using var key = own.GetECDsaPrivateKey()!;
        return new Dictionary<string, string>
        {
            [Authority] = authority.ExportCertificatePem(),
            [Certificate] = own.ExportCertificatePem(),
            [Key] = key.ExportPkcs8PrivateKeyPem(),
        };
    }

    /// <summary>Who a member is to the others, with its key, and who has signed that.</summary>
    /// <param name="directory">Its directory.</param>
    /// <exception cref="IOException">They can't be read.</exception>
    public static (X509Certificate2 Own, X509Certificate2 Authority) CertificatesIn(string directory) => (
        X509Certificate2.CreateFromPemFile(Path.Combine(directory, Certificate), Path.Combine(directory, Key)),
        X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory, Authority)));

    /// <summary>Starts it. It may take a while until it answers: a member that has lost the majority does not.</summary>
    /// <exception cref="IOException">Its certificates can't be read.</exception>
    public static EtcdMember Start(EtcdMemberConfig config, TimeProvider time, ILogger<EtcdMember> log) => new(config, time, log);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        Client.Dispose();
        _own.Dispose();
        _authority.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Shorten(LogOf(_config));
                var (log, url) = (LogOf(_config), FreeUrl());
                _clientUrl = url;
                using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, log, .. Arguments(_config, url)])
                {
                    UseShellExecute = false,
                    RedirectStandardInput = true,
                })!;
                _process = process;
                try
                {
                    await process.WaitForExitAsync(_stopping.Token);
                    Trouble = process.ExitCode == NotFound
                        ? "there is no etcd on this host: install Debian's etcd-server"
                        : $"etcd ended with {process.ExitCode}; what it said is in {LogOf(_config)}";
                }
                catch (OperationCanceledException)
                {
                    await StopAsync(process);
                }
                finally
                {
                    _process = null;
                }
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
            {
                Trouble = $"etcd can't be started: {e.Message}";
            }

            if (Trouble is { } trouble && !_stopping.IsCancellationRequested)
            {
                _log.LogError("The etcd of this host does not run, and is started again: {Trouble}", trouble);
            }

            try
            {
                await Task.Delay(Pause, _time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>A member that is killed has lost nothing; one that is asked first hands its lead on.</summary>
    private async Task StopAsync(Process process)
    {
        process.StandardInput.Close();
        using var late = new CancellationTokenSource(StopLimit, _time);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    // What it said long ago helps nobody, and it may say much.
    private static void Shorten(string log)
    {
        if (File.Exists(log) && new FileInfo(log).Length > MaxLogBytes)
        {
            File.Delete(log);
        }
    }

    private static string LogOf(EtcdMemberConfig config) => Path.Combine(config.Directory, "etcd.log");

    private static Uri FreeUrl() => new($"https://127.0.0.1:{LoopbackPort.TakeFree()}");

    private static ImmutableArray<string> Arguments(EtcdMemberConfig config, Uri clientUrl)
    {
        string Of(string name) => Path.Combine(config.Directory, name);
        return
        [
            "--name", config.HostUuid,
            "--data-dir", Of("data"),
            "--listen-peer-urls", EtcdClient.Spelled(config.PeerUrl),
            "--initial-advertise-peer-urls", EtcdClient.Spelled(config.PeerUrl),
            "--listen-client-urls", EtcdClient.Spelled(clientUrl),
            "--advertise-client-urls", EtcdClient.Spelled(clientUrl),
            "--initial-cluster", string.Join(',', config.Cluster.Select(m => $"{m.Key}={EtcdClient.Spelled(m.Value)}")),
            "--initial-cluster-state", config.IsJoining ? "existing" : "new",
            "--client-cert-auth", "--trusted-ca-file", Of(Authority), "--cert-file", Of(Certificate), "--key-file", Of(Key),
            "--peer-client-cert-auth", "--peer-trusted-ca-file", Of(Authority),
            "--peer-cert-file", Of(Certificate), "--peer-key-file", Of(Key),
            // A coordinator is missed after a lease, which can't be shorter than one and a half of these; and a busy host must not be taken
            // for a dead one.
            "--heartbeat-interval", "150", "--election-timeout", "1500",
            "--max-request-bytes", "8388608", "--quota-backend-bytes", "4294967296",
            // Of each entry of its log etcd keeps a copy in memory until the next snapshot.
            "--snapshot-count", "2000",
            "--logger", "zap", "--log-outputs", "stderr",
        ];
    }
}
