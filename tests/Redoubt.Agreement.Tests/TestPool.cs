using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Agreement.Tests;

/// <summary>Hosts of one pool on this machine: for each a real etcd and a journal that follows the log.</summary>
internal sealed class TestPool : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("redoubt-agreement-");
    private readonly X509Certificate2 _authority = PoolAuthority.Create(Guid.NewGuid().ToString(), TimeProvider.System);

    public List<TestHost> Hosts { get; } = [];

    /// <summary>A pool of so many hosts, each of which answers.</summary>
    public static async Task<TestPool> StartAsync(int hosts)
    {
        var pool = new TestPool();
        for (var i = 0; i < hosts; i++)
        {
            await pool.JoinAsync();
        }

        return pool;
    }

    /// <summary>One more host.</summary>
    public async Task<TestHost> JoinAsync()
    {
        var name = Guid.NewGuid().ToString();
        var directory = _directory.CreateSubdirectory($"h{Hosts.Count}").FullName;
        var peer = new IPEndPoint(IPAddress.Loopback, FreePort());
        var config = new EtcdMemberConfig
        {
            HostUuid = name,
            Directory = Path.Combine(directory, "etcd"),
            Peer = peer,
            Cluster = ImmutableSortedDictionary<string, Uri>.Empty.Add(name, new Uri($"https://{peer}")),
            IsJoining = Hosts.Count > 0,
        };
        if (Hosts.Count > 0)
        {
            var (id, all) = await Hosts[0].Etcd.Client.AddMemberAsync(config.PeerUrl, TestContext.Current.CancellationToken);
            config = config with { Cluster = all.ToImmutableSortedDictionary(m => m.Id == id ? name : m.Name, m => m.Url) };
        }

        using var own = PoolAuthority.Issue(_authority, name, IPAddress.Loopback, TimeProvider.System);
        Directory.CreateDirectory(config.Directory);
        foreach (var (file, text) in EtcdMember.FilesOf(_authority, own))
        {
            await File.WriteAllTextAsync(Path.Combine(config.Directory, file), text, TestContext.Current.CancellationToken);
        }

        var host = new TestHost(config, Path.Combine(directory, "pool.journal"));
        if (Hosts.Count > 0)
        {
            await Patience.UntilAsync(
                async () =>
                {
                    var client = Hosts[0].Etcd.Client;
                    var learner = (await client.ListMembersAsync(TestContext.Current.CancellationToken)).FirstOrDefault(m => m.IsLearner);
                    return learner is null || await client.PromoteMemberAsync(learner.Id, TestContext.Current.CancellationToken);
                },
                $"the host {name} has caught up");
        }

        Hosts.Add(host);
        await host.AnswersAsync();
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts)
        {
            await host.DisposeAsync();
        }

        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
