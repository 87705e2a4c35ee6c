using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>A site: daemons with a directory each, one storage for all of them, and guests, all on this machine.</summary>
internal sealed class DemoSite : IAsyncDisposable
{
    private static readonly TimeSpan AgreeLimit = TimeSpan.FromMinutes(2);

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _program;
    private readonly string _password;
    private readonly int _port;
    private readonly IReadOnlyList<string> _options;
    private readonly int _size;
    private readonly List<DemoHost> _hosts = [];
    private DemoHost? _witness;
    private DemoHost? _coordinator;

    private DemoSite(string name, string directory, string program, int port, IReadOnlyList<string> options, int size)
    {
        (Name, Directory, _program, _port, _options, _size) = (name, directory, program, port, options, size);
        System.IO.Directory.CreateDirectory(Storage);
        PasswordFile = Path.Combine(directory, "password");

        // A host by itself takes the password that its daemon is told; root's password of several hosts is their pool's.
        _password = IsOfSeveral && File.Exists(PasswordFile)
            ? File.ReadAllLines(PasswordFile)[1]
            : Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));
        WriteSecret(PasswordFile, $"root\n{_password}\n");
    }

    /// <summary>The site's name, which is its pool's too.</summary>
    public string Name { get; }

    /// <summary>Everything of the site.</summary>
    public string Directory { get; }

    /// <summary>The own directory of the first host's daemon.</summary>
    public string DataDirectory => DataOf(0);

    /// <summary>Where the site's SRs lie: what an array would replicate.</summary>
    public string Storage => Path.Combine(Directory, "storage");

    /// <summary>User name and password for <c>-pwf</c>.</summary>
    public string PasswordFile { get; }

    /// <summary>The certificates that commands at this site have seen.</summary>
    public string KnownPools => Path.Combine(Directory, "known-pools");

    /// <summary>Where the messages of the first host's daemon go.</summary>
    public string LogFile => LogOf(0);

    /// <summary>Its hosts; first those of a pool by themselves, and of one pool once they have been joined.</summary>
    public IReadOnlyList<DemoHost> Hosts => _hosts;

    /// <summary>The host that coordinates the pool, as far as is known.</summary>
    public DemoHost Coordinator => _coordinator!;

    /// <summary>Whether its pool has more hosts than one.</summary>
    public bool IsOfSeveral => _size > 1;

    /// <summary>The API of the coordinator, logged in.</summary>
    public XenApiClient Api { get; private set; } = null!;

    /// <summary>The process of the first host's daemon.</summary>
    public Process Daemon => _hosts[0].Process;

    private string WitnessData => Path.Combine(Directory, "witness");

    /// <summary>Starts a site and logs in. One that ran in the directory before goes on; one host with another password.</summary>
    /// <param name="name">The site's name.</param>
    /// <param name="directory">Everything of the site; made if it is not there.</param>
    /// <param name="program">The program to run as the daemon.</param>
    /// <param name="cancellationToken">Gives up, and ends what was started.</param>
    /// <param name="port">Where the daemon of one host listens; 0 for any.</param>
    /// <param name="options">What else the daemons are told.</param>
    /// <param name="hosts">How many hosts it has.</param>
    public static async Task<DemoSite> StartAsync(
        string name, string directory, string program, CancellationToken cancellationToken, int port = 0,
        IReadOnlyList<string>? options = null, int hosts = 1)
    {
        var site = new DemoSite(name, directory, program, port, options ?? [], hosts);
        try
        {
            for (var i = 0; i < hosts; i++)
            {
                site.ShareHypervisorCache(i);
                site._hosts.Add(site.StartHost(i));
                if (i == 0)
                {
                    await site._hosts[0].ReadyAsync(cancellationToken);
                }
            }

            if (System.IO.Directory.Exists(site.WitnessData))
            {
                site._witness = site.StartWitness([]);
            }

            foreach (var host in site._hosts)
            {
                await host.ReadyAsync(cancellationToken);
            }

            await site.FindCoordinatorAsync(cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a message and gives its answer.</summary>
    public Task<T> CallAsync<T>(string message, CancellationToken cancellationToken, params object?[] arguments) =>
        Api.CallAsync<T>(message, arguments, cancellationToken);

    /// <summary>Waits for a host that coordinates, and speaks with it from then on.</summary>
    public async Task FindCoordinatorAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AgreeLimit);
        await DemoWait.UntilAsync(
            async () =>
            {
                foreach (var host in _hosts.Where(h => !h.Process.HasExited))
                {
                    if (await FindApiAsync(host, limit.Token) is { } api)
                    {
                        await ForgetApiAsync();
                        (Api, _coordinator) = (api, host);
                        return true;
                    }
                }

                return false;
            },
            $"a host that coordinates {Name}", limit.Token);
    }

    /// <summary>The API of a host, logged in; <see langword="null"/> for a member, which sends whoever comes to the coordinator.</summary>
    public async Task<XenApiClient?> FindApiAsync(DemoHost host, CancellationToken cancellationToken)
    {
        // Whoever listens there is the daemon that has just said so.
        var api = new XenApiClient(host.Url, _ => true);
        try
        {
            await api.LoginAsync("root", _password, cancellationToken);
            return api;
        }
        catch (Exception e)
        {
            await api.DisposeAsync();
            if (e is XenApiException { Code: "HOST_IS_SLAVE" or "HOST_STILL_BOOTING" } || (e is XenApiTransportException && IsOfSeveral))
            {
                return null;
            }

            throw;
        }
    }

    /// <summary>Starts the daemon of a host again.</summary>
    public async Task StartAgainAsync(DemoHost host, CancellationToken cancellationToken)
    {
        var i = _hosts.IndexOf(host);
        await host.DisposeAsync();
        _hosts[i] = StartHost(i);
        await _hosts[i].ReadyAsync(cancellationToken);
    }

    /// <summary>Has a witness join the pool.</summary>
    public async Task AddWitnessAsync(CancellationToken cancellationToken)
    {
        var password = Path.Combine(Directory, "witness-password");
        WriteSecret(password, _password + "\n");
        _witness = StartWitness(["--join", Api.Server.Authority, "--password-file", password, "--member-port", "0"]);
        await _witness.ReadyAsync(cancellationToken);
    }

    /// <summary>Ends the daemons and every guest of the site at once, as a power cut would.</summary>
    public async Task KillAsync()
    {
        IReadOnlyList<DemoHost> all = _witness is null ? _hosts : [.. _hosts, _witness];
        foreach (var host in all.Where(h => !h.Process.HasExited))
        {
            host.Process.Kill();
        }

        foreach (var guest in Guests())
        {
            using (guest)
            {
                guest.Kill();
                await guest.WaitForExitAsync();
            }
        }

        foreach (var host in all)
        {
            await host.Process.WaitForExitAsync();
        }
    }

    /// <summary>Leaves daemons and guests running.</summary>
    public void LetGo()
    {
        foreach (var host in _hosts)
        {
            host.LetGo();
        }

        _witness?.LetGo();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await ForgetApiAsync();
        LetGo();
    }

    private string DataOf(int host) => Path.Combine(Directory, host == 0 ? "data" : $"data-{host + 1}");

    private string LogOf(int host) => Path.Combine(Directory, host == 0 ? "daemon.log" : $"daemon-{host + 1}.log");

    // What can run here is the same for all: where KVM hangs, finding that out takes ten seconds of processor time, of each.
    private void ShareHypervisorCache(int host)
    {
        var root = Path.Combine(DataOf(host), "hypervisor");
        if (host > 0 && !System.IO.Directory.Exists(root))
        {
            System.IO.Directory.CreateDirectory(DataOf(host), OwnerOnly);
            System.IO.Directory.CreateDirectory(root, OwnerOnly);
            File.CreateSymbolicLink(Path.Combine(root, "cache"), Path.Combine(DataDirectory, "hypervisor", "cache"));
        }
    }

    // The hosts of a pool reach each other over TLS, as those who come to them.
    private DemoHost StartHost(int host) => DemoHost.Start(
        IsOfSeveral ? $"{Name}-{host + 1}" : Name, DataOf(host), LogOf(host), _program,
        [
            "serve", "--data", DataOf(host), "--listen", IsOfSeveral ? "https://127.0.0.1:0" : $"http://127.0.0.1:{_port}", "--name-label",
            Name, "--root-password-file", PasswordFile, .. IsOfSeveral ? ["--member-port", "0"] : Array.Empty<string>(), .. _options,
        ],
        "redoubt: listening on ");

    private DemoHost StartWitness(IEnumerable<string> join) => DemoHost.Start(
        $"{Name}'s witness", WitnessData, Path.Combine(Directory, "witness.log"), _program, ["witness", "--data", WitnessData, .. join],
        "redoubt: witness ");

    private async Task ForgetApiAsync()
    {
        if (_coordinator is not null)
        {
            await Api.DisposeAsync();
            _coordinator = null;
        }
    }

    private static void WriteSecret(string file, string text)
    {
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>The hypervisor's processes that run on this site's directories.</summary>
    private IEnumerable<Process> Guests()
    {
        foreach (var process in Process.GetProcesses())
        {
            if (process.ProcessName.StartsWith("qemu-system", StringComparison.Ordinal) && CommandLine(process) is var line
                && _hosts.Exists(h => line.Contains(h.DataDirectory + "/", StringComparison.Ordinal)))
            {
                yield return process;
            }
            else
            {
                process.Dispose();
            }
        }
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}
