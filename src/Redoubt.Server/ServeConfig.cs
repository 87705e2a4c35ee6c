using Redoubt.Compute;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.Server.Notifying;
using Redoubt.Server.ThinCli;
using Redoubt.Storage;

namespace Redoubt.Server;

/// <summary>What the operator says when starting the server.</summary>
public sealed record ServeConfig
{
    /// <summary>etcd's own port for its peers.</summary>
    public const int UsualMemberPort = 2380;

    /// <summary>NBD's own port, which is xapi's too.</summary>
    public const int UsualNbdPort = 10809;

    /// <summary>The daemon's own directory; made if it is not there.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen: <c>https://host:port</c>, or <c>http://</c> on loopback. Port 0 takes a free one.</summary>
    public required IReadOnlyList<string> ListenUrls { get; init; }

    /// <summary>What is wrong with a URL to listen on, in a sentence; null if nothing is.</summary>
    public static string? FindListenProblem(string url)
    {
        try
        {
            ListenUrl.Parse(url);
            return null;
        }
        catch (ServeException wrong)
        {
            return wrong.Message;
        }
    }

    /// <summary>Why a URL can't be listened on now, in a sentence; null if it can. Takes the port for a moment.</summary>
    public static string? FindPortProblem(string url)
    {
        try
        {
            using var bound = BoundSockets.Open([ListenUrl.Parse(url)]);
            return null;
        }
        catch (ServeException taken)
        {
            return taken.Message;
        }
    }

    /// <summary>The pool's name, given to it at the first start; null for the host's name.</summary>
    public string? NameLabel { get; init; }

    /// <summary>
    /// A file with the root password on its only line, or on its second one after the user's name; null to keep the one there is.
    /// </summary>
    public string? RootPasswordFile { get; init; }

    /// <summary>A file with the token for whoever collects metrics; null for users of the pool alone.</summary>
    public string? MetricsTokenFile { get; init; }

    /// <summary>Whom messages are sent to.</summary>
    public NotifyConfig Notify { get; init; } = new();

    /// <inheritdoc cref="Redoubt.Pool.PoolConfig.DefaultTemplates"/>
    public bool DefaultTemplates { get; init; }

    /// <inheritdoc cref="Redoubt.Pool.PoolConfig.RestoreFrom"/>
    public string? RestoreFrom { get; init; }

    /// <inheritdoc cref="Redoubt.Pool.PoolConfig.NewPool"/>
    public bool NewPool { get; init; }

    /// <inheritdoc cref="Redoubt.Pool.PoolConfig.Without"/>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>
    /// Runs the commands of thin clients, and gives the exit code; without it there is no <c>/cli</c>. The commands are the command line's,
    /// which builds on the server and not the other way round.
    /// </summary>
    public Func<CommandLineCall, CancellationToken, Task<int>>? RunCommand { get; init; }

    /// <inheritdoc cref="PoolConfig.BootRoots"/>
    public IReadOnlyList<string> BootRoots { get; init; } = HostRoots.UsualBoot;

    /// <inheritdoc cref="PoolConfig.StorageRoots"/>
    public IReadOnlyList<string> StorageRoots { get; init; } = [];

    /// <summary>The port by which the hosts of a pool of several agree; 0 takes a free one when it is begun or joined.</summary>
    public int MemberPort { get; init; } = UsualMemberPort;

    /// <summary>The port at which disks are read over NBD, while a network has that purpose; 0 takes a free one.</summary>
    public int NbdPort { get; init; } = UsualNbdPort;

    /// <summary>The libvirt URI of the hypervisor; null for one of the daemon's own, below its directory.</summary>
    public string? HypervisorUri { get; init; }

    /// <inheritdoc cref="PoolConfig.AdoptFrom"/>
    public IReadOnlyList<string> AdoptFrom { get; init; } = [HypervisorOptions.SystemUri];

    /// <inheritdoc cref="PoolConfig.HypervisorTrialCommand"/>
    public IReadOnlyList<string>? HypervisorTrialCommand { get; init; }
}
