using System.Collections.Concurrent;

namespace Redoubt.Compute;

/// <content>
/// Guests that move to another host while they run. The embedded driver sends one, and can't take one as libvirt's migrations have it; so
/// it is taken as one that is resumed, from a pipe in the place of a file.
/// <code>
/// source                                  target
/// BeginMigration: what the guest is
/// the line is opened                      the line is opened
/// Send: memory goes, the guest runs   →   Receive: a paused guest is made of it
/// the guest stands still, the rest goes   all of it is there: Receive returns
/// Send returns: it stands still for good  ← "it is there", on the line
/// (to be ended)                           (to be let run)
/// </code>
/// Until the source's QEMU is told that everything is there, it takes whatever breaks off for a failure, and its guest goes on.
/// </content>
public sealed partial class Hypervisor : IMigrationLines
{
    private const string BrokenOff = "that was broken off";

    private static readonly TimeSpan PaceEvery = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<Guid, MigrationOutlet> _outlets = new();
    private readonly ConcurrentDictionary<Guid, MigrationInlet> _inlets = new();
    private readonly ConcurrentDictionary<Guid, (CancellationTokenSource Stop, Task Ended)> _sending = new();

    /// <inheritdoc/>
    public Task<Stream> OpenMigrationAsync(Guid uuid, bool isArriving, CancellationToken cancellationToken)
    {
        var root = _uri.Root ?? throw new IOException($"Guests of {_uri.Text} can't move while they run.");
        if (isArriving)
            return Task.FromResult<Stream>(_inlets[uuid] = new MigrationInlet());
        try
        {
            return Task.FromResult<Stream>(_outlets[uuid] = new MigrationOutlet(Path.Combine(root, "run", $"{uuid:N}.move")));
        }
        catch (System.Net.Sockets.SocketException refused)
        {
            throw new IOException($"No line can be opened for the guest of VM {uuid:D}: {refused.Message}.", refused);
        }
    }

    /// <summary>Says what a guest is that is to move, and prepares it for that. It goes on.</summary>
    /// <exception cref="HypervisorException">It can't move, for what it is.</exception>
    public Task<MigratingGuest> BeginMigrationAsync(Guid uuid, CancellationToken cancellationToken) => CallAsync(
        uuid.ToString("D"),
        c =>
        {
            if (_uri.Root is null)
                throw CantMove(uuid, $"guests of {_uri.Text} can't move while they run");
            var images = ImagesOf(c, uuid);
            images?.Do(isWriting: true);
            images?.KeepOpen();
            return c.BeginMigration(uuid);
        },
        cancellationToken);

    /// <summary>
    /// Sends a guest to where its line leads. When this returns, the guest stands still here, and everything of it is there: it is to be
    /// ended, or, if it does not run there, to be let go on (<see cref="GoOnAsync"/>).
    /// </summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="report">Told how far it is, from 0 to 1.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="HypervisorException">It was not sent, and goes on here. <see cref="HypervisorFailure.NotAnswering"/>: it
    /// writes to its memory faster than that can be sent, or the other end stands still.</exception>
    public async Task SendAsync(Guid uuid, Func<double, Task> report, CancellationToken cancellationToken)
    {
        if (!_outlets.TryGetValue(uuid, out var outlet))
            throw CantMove(uuid, "its line is not open");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = DoAsync(uuid, c => c.Migrate(uuid, outlet.Uri), CancellationToken.None, Timeout.InfiniteTimeSpan);
        _sending[uuid] = (stop, sending);
        try
        {
            var why = await PaceAsync(uuid, sending, report, stop.Token);
            try
            {
                await sending;
            }
            catch (HypervisorException broken) when (why is not null && broken.Failure == HypervisorFailure.Refused)
            {
                if (why == BrokenOff)
                    cancellationToken.ThrowIfCancellationRequested();
                throw new HypervisorException(
                    HypervisorFailure.NotAnswering,
                    uuid.ToString("D"),
                    $"The guest of VM {uuid:D} was not moved: {why}. It runs where it was.",
                    "Move it when it has less to do, or have it stand still as long as it takes (vm-migrate live=false).",
                    broken);
            }
        }
        finally
        {
            _sending.TryRemove(uuid, out _);
            _outlets.TryRemove(KeyValuePair.Create(uuid, outlet));
        }
    }

    /// <summary>
    /// Takes a guest that comes in on its line, with the disks, networks and sockets that it has on this host. When this returns,
    /// everything of it is here, and it stands still before its next instruction.
    /// </summary>
    /// <exception cref="HypervisorException">It is not here; nothing of it is left behind.</exception>
    public async Task ReceiveAsync(DomainConfig config, MigratingGuest guest, CancellationToken cancellationToken)
    {
        if (!_inlets.TryRemove(config.Uuid, out var inlet))
            throw CantMove(config.Uuid, "its line is not open");
        try
        {
            var begin = Task.CompletedTask;
            await MakeAgainAsync(
                config,
                inlet.Path,
                _ =>
                {
                    begin = inlet.BeginAsync(guest.Header());
                    return guest.Xml;
                },
                Timeout.InfiniteTimeSpan, // As long as its memory takes, and not longer than its line is open.
                cancellationToken);
            await begin;
        }
        finally
        {
            inlet.End();
        }
    }

    private static HypervisorException CantMove(Guid uuid, string why) => new(
        HypervisorFailure.Refused, uuid.ToString("D"), $"The guest of VM {uuid:D} can't move to another host while it runs: {why}.",
        "Have it stand still meanwhile (vm-migrate live=false).");

    // Why it was broken off; null: it was not.
    private async Task<string?> PaceAsync(Guid uuid, Task sending, Func<double, Task> report, CancellationToken stop)
    {
        var (began, pace) = (_time.GetTimestamp(), new MigrationPace());
        while (await Task.WhenAny(sending, Task.Delay(PaceEvery, _time, CancellationToken.None)) != sending)
        {
            Dictionary<string, object> said;
            try
            {
                said = await CallAsync(uuid.ToString("D"), c => c.JobStatistics(uuid), CancellationToken.None);
            }
            catch (HypervisorException)
            {
                // It is just ending, or its QEMU does not answer. Either ends the sending, or it can be stopped all the same.
                said = [];
            }

            double Of(string name) => said.GetValueOrDefault(name) as double? ?? 0;
            var (total, remaining) = (Of("memory_total"), Of("memory_remaining"));
            var why = stop.IsCancellationRequested ? BrokenOff
                : pace.Judge(_time.GetElapsedTime(began), Of("memory_processed"), (int)Of("memory_iteration"));
            if (why is not null)
            {
                await DoAsync(uuid, c => c.AbortJob(uuid), CancellationToken.None);
                await ((Task)sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return why;
            }

            if (total > 0)
                await report(Math.Clamp(1 - (remaining / total), 0, 1));
        }

        return null;
    }

    private async Task BreakOffSendingAsync(Guid uuid)
    {
        if (!_sending.TryGetValue(uuid, out var sending))
            return;
        try
        {
            await sending.Stop.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended.
        }

        await sending.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
