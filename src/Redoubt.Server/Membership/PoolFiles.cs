using Redoubt.Agreement;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// The small files that are the pool's and not a host's, on each of its hosts: the coordinator lays down in etcd what has changed, the
/// members take it from there.
/// </summary>
internal sealed class PoolFiles(string dataDirectory)
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "root-password.json", "user-passwords.json", "directory-password.json", "sites.json", "sites.key", "schedules.json",
        "operators.json", "metadata.key", "pool-keys.json",
    ];

    private readonly Dictionary<string, byte[]> _laid = [];

    /// <summary>Lays down what has changed since it last did.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    public async Task LayAsync(Coordinator coordinator, CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            if (DurableFile.Read(Path.Combine(dataDirectory, name)) is { } content
                && !(_laid.TryGetValue(name, out var before) && content.AsSpan().SequenceEqual(before)))
            {
                await coordinator.LayFileAsync(name, content, cancellationToken);
                _laid[name] = content;
            }
        }
    }

    /// <summary>Takes over what differs.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task TakeAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        foreach (var (name, content) in await Coordinator.ReadFilesAsync(etcd, cancellationToken))
        {
            var path = Path.Combine(dataDirectory, name);
            if (Names.Contains(name) && !(DurableFile.Read(path) is { } own && own.AsSpan().SequenceEqual(content)))
            {
                DurableFile.Write(path, content);
            }
        }
    }
}
