using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Redoubt.Agreement;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// That this host is a member of a pool of several, as its directory has it. It lies in <c>members/</c>, beside the certificates and what
/// etcd keeps; where there is none, the host is a pool by itself.
/// </summary>
internal sealed record PoolMembership
{
    private const string FileName = "membership.json";

    /// <summary>The pool's UUID.</summary>
    public required string Pool { get; init; }

    /// <summary>The UUID of this host.</summary>
    public required string Host { get; init; }

    /// <summary>The address by which the other members reach this one.</summary>
    public required string Address { get; init; }

    /// <summary>The port on which they do.</summary>
    public required int Port { get; init; }

    /// <summary>Where each member was reached, by its host's UUID, when this one came.</summary>
    public required ImmutableSortedDictionary<string, string> Cluster { get; init; }

    /// <summary>Whether this host joined the pool, and did not begin it.</summary>
    public required bool HasJoined { get; init; }

    /// <summary>Whether it has a vote and nothing else.</summary>
    public bool IsWitness { get; init; }

    /// <summary>Where it lies in a data directory.</summary>
    public static string DirectoryOf(string dataDirectory) => Path.Combine(dataDirectory, "members");

    /// <summary>The membership of a host; <see langword="null"/> where it is a pool by itself.</summary>
    /// <exception cref="InvalidDataException">It is garbled.</exception>
    public static PoolMembership? Find(string dataDirectory) => In(DirectoryOf(dataDirectory));

    /// <summary>The membership that a directory of its own holds; <see langword="null"/> if it holds none.</summary>
    /// <exception cref="InvalidDataException">It is garbled.</exception>
    public static PoolMembership? In(string membersDirectory)
    {
        var path = Path.Combine(membersDirectory, FileName);
        if (DurableFile.Read(path) is not { } content)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<PoolMembership>(content) ?? throw new JsonException("it holds nothing");
        }
        catch (JsonException garbled)
        {
            throw new InvalidDataException(
                $"{path} is garbled ({garbled.Message.TrimEnd('.')}). Nothing was changed. Put a good copy there.", garbled);
        }
    }

    /// <summary>Keeps it; durable when this returns. From then on the host is a member.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Keep(string membersDirectory) =>
        DurableFile.Write(Path.Combine(membersDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>That of a host which a coordinator has admitted.</summary>
    public static PoolMembership Of(
        string host, string address, int port, ImmutableSortedDictionary<string, string> given) => new()
        {
            Pool = given[MemberCalls.PoolUuid],
            Host = host,
            Address = address,
            Port = port,
            Cluster = JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(given[MemberCalls.Cluster])!,
            HasJoined = true,
        };

    /// <summary>How its etcd is to run.</summary>
    /// <param name="dataDirectory">The daemon's directory.</param>
    public EtcdMemberConfig Etcd(string dataDirectory) => new()
    {
        HostUuid = Host,
        Directory = DirectoryOf(dataDirectory),
        Peer = new IPEndPoint(IPAddress.Parse(Address), Port),
        Cluster = Cluster.ToImmutableSortedDictionary(m => m.Key, m => new Uri(m.Value)),
        IsJoining = HasJoined,
    };
}
