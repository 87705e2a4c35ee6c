using Redoubt.Agreement;
using Redoubt.Recovery;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// What is kept beside the database, on each host of the pool: the coordinator lays it down in etcd before it keeps it
/// (<see cref="PoolFiles"/>), the members take it from there as it comes.
/// </summary>
internal sealed class SharedFiles : IDisposable
{
    private readonly PoolFiles _files;
    private readonly RunCopy _runs;

    private SharedFiles(PoolFiles files, RunCopy runs) => (_files, _runs) = (files, runs);

    /// <summary>Opens what a member has of it.</summary>
    /// <exception cref="InvalidDataException">The journal of runs can't be used.</exception>
    public static SharedFiles Open(string dataDirectory)
    {
        var files = new PoolFiles(dataDirectory);
        return new(files, RunCopy.Open(files.PathOf(KeptName.Runs)));
    }

    /// <summary>How the hosts agree while this one coordinates them.</summary>
    public static PoolAgreement By(Coordinator coordinator) => new(
        (name, content) => Wait(() => coordinator.LayFileAsync(name, content, CancellationToken.None)),
        (log, number, entry) => Wait(() => coordinator.LayEntryAsync(log, number, entry, CancellationToken.None)),
        (log, number, whole) => Wait(() => coordinator.LayWholeAsync(log, number, whole, CancellationToken.None)));

    /// <summary>Takes over what differs.</summary>
    /// <returns>As of which revision of etcd.</returns>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="InvalidDataException">The journal of runs can't be written, or what etcd holds is no part of it.</exception>
    public async Task<long> TakeAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var revision = await TakeFilesAsync(etcd, cancellationToken);
        await TakeRunsAsync(etcd, cancellationToken);
        return revision;
    }

    private async Task<long> TakeFilesAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var (files, revision) = await Coordinator.ReadFilesAsync(etcd, cancellationToken);
        foreach (var (name, content) in files)
        {
            if (PoolFiles.Names.Contains(name) && !(_files.Read(name) is { } own && own.AsSpan().SequenceEqual(content)))
            {
                _files.Write(name, content);
            }
        }

        return revision;
    }

    private async Task TakeRunsAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        foreach (var entry in await Coordinator.ReadLogAsync(etcd, PoolAgreement.Runs, _runs.Last, cancellationToken))
        {
            _runs.Take(entry);
        }
    }

    /// <summary>Takes over what differs, and then each change as it comes.</summary>
    /// <inheritdoc cref="TakeAsync"/>
    public async Task FollowAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var revision = await TakeAsync(etcd, cancellationToken);
        await foreach (var changes in Coordinator.WatchKeptAsync(etcd, revision + 1, cancellationToken))
        {
            // A run that is under way writes thousands of events, and no file.
            if (changes.Any(Coordinator.IsOfFile))
            {
                await TakeFilesAsync(etcd, cancellationToken);
            }

            if (!changes.All(Coordinator.IsOfFile))
            {
                await TakeRunsAsync(etcd, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _runs.Dispose();

    // As a flush of the disk is waited for, which whoever writes a file does anyhow; and never longer than a lease.
    private static T Wait<T>(Func<Task<T>> agree)
    {
        try
        {
#pragma warning disable VSTHRD002 // On a thread of its own, so whatever context the caller has is not needed to end it.
            return Task.Run(agree).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        }
        catch (CoordinatorLostException lost)
        {
            throw new IOException(
                "This host no longer coordinates its pool, so whether this was kept is not known: look when the pool answers again "
                + $"({lost.Message.TrimEnd('.')}).",
                lost);
        }
    }

    private static void Wait(Func<Task> agree) => Wait(async () =>
    {
        await agree();
        return true;
    });
}
