using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Agreement;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Server.Audit;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// What is kept beside the database, on each host of the pool: the coordinator lays it down in etcd before it keeps it
/// (<see cref="PoolFiles"/>), the members take it from there as it comes.
/// </summary>
internal sealed class SharedFiles : IAsyncDisposable
{
    private readonly PoolFiles _files;
    private readonly RunCopy _runs;
    private readonly MessageLog _messages;
    private readonly AuditLog _audit;
    private readonly ImmutableArray<KeptCopy> _logs;

    private SharedFiles(PoolFiles files, RunCopy runs, MessageLog messages, AuditLog audit)
    {
        (_files, _runs, _messages, _audit) = (files, runs, messages, audit);
        _logs =
        [
            new(PoolAgreement.Runs, () => runs.Last, runs.Take),
            new(PoolAgreement.Messages, () => messages.Last, messages.Take),
            new(PoolAgreement.Audit, () => audit.Last, audit.Take),
        ];
    }

    /// <summary>Opens what a member has of it.</summary>
    /// <exception cref="InvalidDataException">The journal of runs, or the messages, can't be used.</exception>
    /// <exception cref="IOException">The audit log can't be written.</exception>
    public static SharedFiles Open(string dataDirectory, ILoggerFactory loggers)
    {
        var files = new PoolFiles(dataDirectory);
        var messages = MessageLog.Open(files, loggers.CreateLogger<MessageLog>());
        var runs = RunCopy.Open(files.PathOf(KeptName.Runs));
        try
        {
            return new(files, runs, messages, new AuditLog(files, loggers.CreateLogger<AuditLog>()));
        }
        catch
        {
            runs.Dispose();
            throw;
        }
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
    /// <exception cref="InvalidDataException">The journal of runs can't be written, or what etcd holds is no part of a log.</exception>
    public async Task<long> TakeAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var revision = await TakeFilesAsync(etcd, cancellationToken);
        foreach (var log in _logs)
        {
            await TakeAsync(log, etcd, cancellationToken);
        }

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

    private static async Task TakeAsync(KeptCopy log, EtcdClient etcd, CancellationToken cancellationToken)
    {
        foreach (var entry in await Coordinator.ReadLogAsync(etcd, log.Name, log.Last(), cancellationToken))
        {
            log.Take(entry);
        }
    }

    /// <summary>Takes over what differs, and then each change as it comes.</summary>
    /// <inheritdoc cref="TakeAsync(EtcdClient, CancellationToken)"/>
    public async Task FollowAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        var revision = await TakeAsync(etcd, cancellationToken);
        await foreach (var changes in Coordinator.WatchKeptAsync(etcd, revision + 1, cancellationToken))
        {
            // A run that is under way writes thousands of events, and no file.
            var changed = changes.Select(Coordinator.LogOf).ToHashSet();
            if (changed.Contains(null))
            {
                await TakeFilesAsync(etcd, cancellationToken);
            }

            foreach (var log in _logs.Where(l => changed.Contains(l.Name)))
            {
                await TakeAsync(log, etcd, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _runs.Dispose();
        await _messages.DisposeAsync();
        await _audit.DisposeAsync();
    }

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
        catch (EtcdException silent)
        {
            throw new IOException($"The hosts of the pool have not agreed to it ({silent.Message.TrimEnd('.')}): try again.", silent);
        }
    }

    private static void Wait(Func<Task> agree) => Wait(async () =>
    {
        await agree();
        return true;
    });

    /// <param name="Name">What it is called.</param>
    /// <param name="Last">Up to which number this host has it.</param>
    /// <param name="Take">Takes what comes after that.</param>
    private sealed record KeptCopy(string Name, Func<long> Last, Action<byte[]> Take);
}
