using System.Net;
using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Inspection;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Console;

/// <summary>
/// Looks into metadata volumes and dumps for people at a distance: files of this machine by their path, and files that they send. What is
/// in them is taken for hostile: it can cost a bounded time and memory, and nothing is written anywhere but to nameless files of the
/// daemon's own.
/// </summary>
public sealed class Inspections : IDisposable
{
    /// <summary>How long a file that somebody sends may be.</summary>
    public const long MostUploadBytes = 256L << 20;

    /// <summary>
    /// Who may have a file of this machine opened: it is the machine's, not the pool's, and the daemon may read what they may not.
    /// </summary>
    public const Role FileRole = Role.PoolAdmin;

    /// <summary>Who may send a file: whoever may open a metadata volume.</summary>
    public const Role UploadRole = Role.PoolOperator;

    // A pool of ten thousand VMs has less than half of these rows. The worst of them, VMs with nothing in them, were measured to take
    // 1.5 KiB each while they are looked at.
    private static readonly DumpLimits Limits = new() { DocumentBytes = 512L << 20, ValueBytes = 8 << 20, Rows = 500_000 };
    private static readonly TimeSpan LongestQueue = TimeSpan.FromSeconds(30);

    private readonly PoolServices _pool;
    private readonly Func<SessionState, IPAddress, string, Func<Task<object?>>, Task<object?>> _recordAsync;

    // One at a time, so that the memory for one is all that it takes; and a device that hangs holds up nothing else than this.
    private readonly SemaphoreSlim _reading = new(1);

    internal Inspections(PoolServices pool, Func<SessionState, IPAddress, string, Func<Task<object?>>, Task<object?>> recordAsync) =>
        (_pool, _recordAsync) = (pool, recordAsync);

    /// <summary>Looks into a file or block device of this machine. What is wrong with it is in the report.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="at">The earlier point wanted, as <see cref="JournalPoint.Parse"/> reads it; empty for the newest state.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="remote">Where they are, for the audit log.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>, <c>INVALID_VALUE</c>.</exception>
    public async Task<DatabaseReport> ReadFileAsync(
        string path, string at, SessionState caller, IPAddress remote, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return (DatabaseReport)(await _recordAsync(caller, remote, path, async () =>
        {
            RoleCheck.Require(caller, "console/inspect", FileRole);
            return await ReadAsync(path, at, () => HostFile.OpenToRead(path, _pool.DataDirectory), tellsBytes: false, cancellationToken);
        }))!;
    }

    /// <summary>Looks into what somebody has sent. What is wrong with it is in the report.</summary>
    /// <inheritdoc cref="ReadFileAsync"/>
    public Task<DatabaseReport> ReadUploadAsync(UploadedFile upload, string at, SessionState caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(upload);
        ArgumentNullException.ThrowIfNull(caller);
        RoleCheck.Require(caller, "console/inspect", UploadRole);
        return ReadAsync(upload.Name, at, upload.OpenToRead, tellsBytes: true, cancellationToken);
    }

    /// <summary>Takes a file that somebody sends.</summary>
    /// <param name="name">What it is called there.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="caller">Who sends it.</param>
    /// <param name="received">Told how many bytes have come.</param>
    /// <param name="cancellationToken">Stops receiving; what has come is gone.</param>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>.</exception>
    /// <exception cref="IOException">The disk is full, or the sender has stopped.</exception>
    public async Task<UploadedFile> ReceiveAsync(
        string name, Stream content, SessionState caller, Action<long> received, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(received);
        RoleCheck.Require(caller, "console/inspect", UploadRole);
        var file = _pool.OpenScratch("inspect");
        try
        {
            var block = new byte[64 << 10];
            int read;
            while ((read = await content.ReadAsync(block, cancellationToken)) > 0)
            {
                if (file.Length + read > MostUploadBytes)
                {
                    throw new IOException($"More than {MostUploadBytes} bytes have come.");
                }

                await file.WriteAsync(block.AsMemory(0, read), cancellationToken);
                received(file.Position);
            }

            await file.FlushAsync(cancellationToken);
            return new UploadedFile(name, file);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async Task<DatabaseReport> ReadAsync(
        string name, string at, Func<SafeFileHandle> open, bool tellsBytes, CancellationToken cancellationToken)
    {
        var point = at.Length == 0 ? null : JournalPoint.Parse(at) ?? throw new XenApiException("INVALID_VALUE", "at", at);
        if (!await _reading.WaitAsync(LongestQueue, cancellationToken))
        {
            return Unread(
                name,
                "Another file is still being read. Try again when it has ended; a device that never answers holds it up until "
                    + "the daemon is restarted.");
        }

        // The turn ends with the reading, not with the waiting: a device that hangs may do so for ever.
        var reading = Task.Run(
            () =>
            {
                try
                {
                    using var handle = open();
                    return DatabaseFile.Read(
                        name,
                        handle,
                        new()
                        {
                            Now = _pool.Time.GetUtcNow(),
                            At = point,
                            Limits = Limits,
                            TellsBytes = tellsBytes,
                            Scratch = () => _pool.OpenScratch("unpacked"),
                        });
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    return Unread(name, e.Message);
                }
                finally
                {
                    _reading.Release();
                }
            },
            CancellationToken.None);
        return await reading.WaitAsync(cancellationToken);
    }

    private static DatabaseReport Unread(string name, string why) =>
        new() { Path = name, Kind = "unknown", Verdict = InspectVerdict.Unreadable, Explanation = $"It can't be read: {why}" };
}
