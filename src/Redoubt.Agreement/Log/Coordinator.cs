using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Redoubt.Database;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement;

/// <summary>
/// This host's word that it coordinates the pool: a key in etcd that goes when its lease is not kept alive. Each batch of changes is one
/// transaction that is done only while the key is there, so one that was replaced can't write, whatever it believes.
/// <code>
/// ElectAsync ──► Term, head ──► BeginAsync (once in a pool's life) ──► AppendAsync … ──► Lost
/// </code>
/// </summary>
/// <remarks>Appends come one after the other, as the database's writer makes them.</remarks>
public sealed class Coordinator : IAsyncDisposable
{
    /// <summary>How long a coordinator may be silent. etcd grants none shorter than one and a half of its election timeouts.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    // Of a host that was designated and does not win nobody waits any longer.
    private static readonly TimeSpan DesignationLimit = TimeSpan.FromSeconds(20);

    // The log since the last whole database may get so long; what is older is in that.
    private const long MaxLogBytes = 32 << 20;

    // etcd can't read an entry of its own log again that is longer than ten times this.
    private const int PieceBytes = 1 << 20;

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(750);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    // What was passed on to a leader that is lost is never answered.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);

    private readonly EtcdClient _etcd;
    private readonly TimeProvider _time;
    private readonly long _lease;
    private readonly string _key;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _keeping = Task.CompletedTask;
    // Up to which entry the whole of each log goes that is kept beside the database.
    private readonly ConcurrentDictionary<string, long> _wholes = [];
    private long _bytes;
    private long _shortened;

    private Coordinator(EtcdClient etcd, TimeProvider time, long lease, string key, long term)
    {
        (_etcd, _time, _lease, _key, Term) = (etcd, time, lease, key, term);
        Lost = _lost.Token;
    }

    /// <summary>The term: higher than any coordinator's before.</summary>
    public long Term { get; }

    /// <summary>Up to where the log goes.</summary>
    public LogHead Head { get; private set; } = LogHead.None;

    /// <summary>Set when the lease is over, or can't be known not to be.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Stands for the election until it is won.</summary>
    /// <param name="etcd">The member of this host.</param>
    /// <param name="standing">This host, and where clients reach it, for those who come to a member.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<Coordinator> ElectAsync(
        EtcdClient etcd, Standing standing, TimeProvider time, CancellationToken cancellationToken)
    {
        var lease = await etcd.GrantLeaseAsync(Lease, cancellationToken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // While it waits for its turn the lease must live, too. Then only etcd says that it is over: when the coordinator is lost, etcd may
        // have to elect a leader of its own first, and nobody gets an answer meanwhile.
        var keeping = KeepAsync(etcd, lease, Timeout.InfiniteTimeSpan, time, over.Token);
        try
        {
            var campaign = CampaignAsync(etcd, lease, standing, time, over.Token);
            if (await Task.WhenAny(campaign, keeping) == keeping)
            {
                await over.CancelAsync();
                await Task.WhenAny(campaign);
                throw new EtcdException("the lease ran out before the election was won", isRefusal: true);
            }

            var (key, term) = await campaign;
            await RequireTurnAsync(etcd, standing, cancellationToken);
            var coordinator = new Coordinator(etcd, time, lease, key, term);
            coordinator.Head = LogHead.Of(await etcd.FindAsync(LogKeys.Head, cancellationToken));
            coordinator._keeping = coordinator.KeepAsync();
            return coordinator;
        }
        catch
        {
            await ReleaseAsync(etcd, lease);
            throw;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAny(keeping);
        }
    }

    /// <summary>Stands with a lease, again and again where etcd gives up because it has to elect a leader of its own.</summary>
    private static async Task<(string Key, long Term)> CampaignAsync(
        EtcdClient etcd, long lease, Standing standing, TimeProvider time, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            try
            {
                return await etcd.CampaignAsync(LogKeys.Election, lease, standing.Spell(), cancellationToken);
            }
            catch (EtcdException)
            {
                // Whoever stands already keeps its place in the row.
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    /// <summary>Leaves the coordination to another host, if that is in the way when somebody else has won.</summary>
    private static async Task RequireTurnAsync(EtcdClient etcd, Standing own, CancellationToken cancellationToken)
    {
        var designated = await etcd.FindAsync(LogKeys.Designated, cancellationToken);
        if (designated is not null && Encoding.UTF8.GetString(designated.Bytes) is var host && host != own.Host
            && (await ReadStandingAsync(etcd, cancellationToken)).Any(s => s.Host == host))
        {
            throw new EtcdException("another host was designated to coordinate the pool", isRefusal: true);
        }
    }

    /// <summary>The hosts that are up and reach the majority, the coordinator first.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<ImmutableArray<Standing>> ReadStandingAsync(EtcdClient etcd, CancellationToken cancellationToken)
    {
        const string Prefix = LogKeys.Election + "/";
        var answer = await etcd.TransactAsync([], [new EtcdAct.Read(Prefix, LogKeys.EndOf(Prefix))], cancellationToken);
        return [.. answer.Reads[0].OrderBy(v => v.Created).Select(v => Standing.Parse(v.Bytes))];
    }

    /// <summary>Where the coordinator can be reached now; <see langword="null"/> while there is none.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<string?> FindAddressAsync(EtcdClient etcd, CancellationToken cancellationToken) =>
        (await ReadStandingAsync(etcd, cancellationToken)).FirstOrDefault()?.Address;

    /// <summary>Says which host is to coordinate when this one gives its word up, which it does next.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public async Task DesignateAsync(string host, CancellationToken cancellationToken)
    {
        var lease = await _etcd.GrantLeaseAsync(DesignationLimit, cancellationToken);
        await GuardedAsync([new EtcdAct.Put(LogKeys.Designated, Encoding.UTF8.GetBytes(host), lease)], cancellationToken);
    }

    /// <summary>Begins the log with a whole database, where there has been none.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    public Task BeginAsync(DatabaseState state, KeyRing? keys, CancellationToken cancellationToken) =>
        WriteWholeAsync(state, keys, isFirst: true, cancellationToken);

    /// <summary>Adds a batch. When this answers, a majority of the members has it for good.</summary>
    /// <exception cref="CoordinatorLostException">It is not known whether it was added, and this host no longer coordinates.</exception>
    public async Task AppendAsync(ImmutableArray<JournalTransaction> transactions, CancellationToken cancellationToken)
    {
        if (transactions[0].Before < Head.Generation)
        {
            // It would take the place of what was agreed to, and the others would pass it over: this host must read the log first.
            await _lost.CancelAsync();
            throw new CoordinatorLostException($"this host's database is behind generation {Head.Generation}, which was agreed to");
        }

        var batch = new LogBatch(Head.Generation, transactions);
        var bytes = batch.Encode();
        var record = bytes;
        if (bytes.Length > PieceBytes)
        {
            // First its pieces, which mean nothing as long as nothing stands for them.
            var pieces = bytes.Chunk(PieceBytes).ToList();
            for (var i = 0; i < pieces.Count; i++)
            {
                await GuardedAsync([new EtcdAct.Put(LogKeys.Piece(batch.Generation, i), pieces[i])], cancellationToken);
            }

            record = LogBatch.InPieces(pieces.Count);
        }

        Head = await WriteAsync(batch.Generation, [new EtcdAct.Put(LogKeys.Batch(batch.Generation), record)], cancellationToken);
        _bytes += bytes.Length;
    }

    /// <summary>
    /// Adds a batch, as <see cref="AppendAsync"/> does, and shortens the log when it has become long: as with the journal itself, writers
    /// wait for a whole database now and then.
    /// </summary>
    /// <exception cref="CoordinatorLostException">It is not known whether it was added, and this host no longer coordinates.</exception>
    public async Task AgreeAsync(DatabaseState state, KeyRing? keys, ImmutableArray<JournalTransaction> transactions)
    {
        await AppendAsync(transactions, CancellationToken.None);
        if (_bytes > MaxLogBytes)
        {
            await ShortenAsync(state, keys, CancellationToken.None);
        }
    }

    /// <summary>Writes the whole database as of the head, and lets the log before it go.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    public Task ShortenAsync(DatabaseState state, KeyRing? keys, CancellationToken cancellationToken) =>
        WriteWholeAsync(state, keys, isFirst: false, cancellationToken);

    /// <summary>Lays down what a file holds that is the pool's and not a host's. May be called while a batch is added.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    public Task LayFileAsync(string name, byte[] content, CancellationToken cancellationToken) =>
        GuardedAsync([new EtcdAct.Put(LogKeys.Files + name, content)], cancellationToken);

    /// <summary>What the pool's files hold, by name, and as of which revision of etcd.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<(ImmutableDictionary<string, byte[]> Files, long Revision)> ReadFilesAsync(
        EtcdClient etcd, CancellationToken cancellationToken)
    {
        var answer = await etcd.TransactAsync([], [new EtcdAct.Read(LogKeys.Files, LogKeys.EndOf(LogKeys.Files))], cancellationToken);
        return (answer.Reads[0].ToImmutableDictionary(f => f.Key[LogKeys.Files.Length..], f => f.Bytes), answer.Revision);
    }

    /// <summary>Of which log that is kept beside the database a change is; <see langword="null"/> for one of a file.</summary>
    public static string? LogOf(EtcdChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var key = change.Value.Key;
        return key.StartsWith(LogKeys.Logs, StringComparison.Ordinal) ? key[LogKeys.Logs.Length..].Split('/')[0] : null;
    }

    /// <summary>Tells of changes of files and logs that are kept beside the database, from a revision on.</summary>
    /// <exception cref="EtcdException">The connection broke, or the revision is no longer kept.</exception>
    public static IAsyncEnumerable<ImmutableArray<EtcdChange>> WatchKeptAsync(
        EtcdClient etcd, long revision, CancellationToken cancellationToken) =>
        etcd.WatchAsync(LogKeys.Kept, LogKeys.EndOf(LogKeys.Kept), revision, cancellationToken);

    /// <summary>
    /// Adds an entry to a log that is kept beside the database: <see cref="KeptLog"/>. May be called while a batch is added; the entries
    /// of one log come one after the other.
    /// </summary>
    /// <returns>Whether the log has become so long that <see cref="LayWholeAsync"/> should follow.</returns>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    /// <exception cref="EtcdException">etcd does not answer, and has not been given the entry.</exception>
    /// <exception cref="IOException">The entry is too long.</exception>
    public async Task<bool> LayEntryAsync(string log, long number, byte[] entry, CancellationToken cancellationToken)
    {
        var packed = KeptLog.Pack(entry);
        if (packed.Length > KeptLog.MostBytes)
        {
            throw new IOException(
                $"It has {packed.Length} bytes, compressed, and the hosts of a pool agree to {KeptLog.MostBytes} at once.");
        }

        // Asked before the entry is there: one that is there must not seem to have failed.
        if (!_wholes.TryGetValue(log, out var whole))
        {
            _wholes[log] = whole = await KeptLog.FindWholeAsync(_etcd, log, cancellationToken);
        }

        await GuardedAsync([new EtcdAct.Put(LogKeys.Entry(log, number), packed)], cancellationToken);

        // One that has no whole was begun by a version that kept it to its own host.
        return whole == 0 || number - whole > KeptLog.MostEntries;
    }

    /// <summary>Lays down all of a log up to a number, in the place of its entries so far.</summary>
    /// <exception cref="CoordinatorLostException">This host no longer coordinates.</exception>
    public async Task LayWholeAsync(string log, long number, byte[] whole, CancellationToken cancellationToken)
    {
        var parts = KeptLog.Pack(whole).Chunk(PieceBytes).ToList();
        for (var i = 0; i < parts.Count; i++)
        {
            await GuardedAsync([new EtcdAct.Put(LogKeys.PartOf(log, number, i), parts[i])], cancellationToken);
        }

        await GuardedAsync(
            [
                new EtcdAct.Put(LogKeys.WholeOf(log), WholeDatabase.Spell(number, parts.Count)),
                new EtcdAct.Delete(LogKeys.EntriesOf(log), LogKeys.Entry(log, number + 1)),
                new EtcdAct.Delete(LogKeys.PartsOf(log), LogKeys.PartOf(log, number, 0)),
            ],
            cancellationToken);
        _wholes[log] = number;
    }

    /// <inheritdoc cref="KeptLog.ReadAsync"/>
    public static Task<List<byte[]>> ReadLogAsync(EtcdClient etcd, string log, long after, CancellationToken cancellationToken) =>
        KeptLog.ReadAsync(etcd, log, after, cancellationToken);

    /// <summary>Gives the word up; another may have it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _keeping;
        await ReleaseAsync(_etcd, _lease);

        // It is not disposed: whoever still writes hears that it is over.
        await _lost.CancelAsync();
        _stopping.Dispose();
    }

    private static async Task ReleaseAsync(EtcdClient etcd, long lease)
    {
        try
        {
            await etcd.RevokeAsync(lease, CancellationToken.None);
        }
        catch (EtcdException)
        {
            // It ends by itself.
        }
    }

    private async Task WriteWholeAsync(DatabaseState state, KeyRing? keys, bool isFirst, CancellationToken cancellationToken)
    {
        var generation = isFirst ? state.Generation : Head.Generation;
        var parts = WholeDatabase.Pack(StateDump.ToDump(state.Generation == generation ? state : state.At(generation), keys));
        for (var i = 0; i < parts.Length; i++)
        {
            await GuardedAsync([new EtcdAct.Put(LogKeys.Part(generation, i), parts[i])], cancellationToken);
        }

        EtcdAct whole = new EtcdAct.Put(LogKeys.Whole, WholeDatabase.Spell(generation, parts.Length));
        if (isFirst)
        {
            Head = await WriteAsync(generation, [whole], cancellationToken);
        }
        else
        {
            await GuardedAsync([whole], cancellationToken);
        }

        await GuardedAsync(
            [
                new EtcdAct.Delete(LogKeys.Log, LogKeys.Batch(generation + 1)),
                new EtcdAct.Delete(LogKeys.Pieces, LogKeys.PiecesOf(generation + 1)),
                new EtcdAct.Delete(LogKeys.Parts, LogKeys.PartsOf(generation)),
            ],
            cancellationToken);
        if (_shortened > 0)
        {
            // What was let go the last time: whoever watches from before that begins anew.
            await ForgetAsync(_shortened, cancellationToken);
        }

        (_bytes, _shortened) = (0, Head.Modified);
    }

    /// <summary>
    /// Moves the head on, and does something with it. Without an answer it asks again, for only the first of two that follow the same head
    /// is done; so what did not get through is not done later either, once this has answered.
    /// </summary>
    private async Task<LogHead> WriteAsync(long generation, EtcdAct[] acts, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            var before = Head;
            EtcdAnswer answer;
            try
            {
                answer = await _etcd.TransactAsync(
                    [new EtcdCondition.CreatedAt(_key, Term), new EtcdCondition.ModifiedAt(LogKeys.Head, before.Modified)],
                    [.. acts, new EtcdAct.Put(LogKeys.Head, LogHead.Spell(generation, Term))],
                    cancellationToken);
            }
            catch (EtcdException e) when (!Lost.IsCancellationRequested)
            {
                await PauseAsync(e, cancellationToken);
                continue;
            }
            catch (EtcdException e)
            {
                throw await LoseAsync(e);
            }

            if (answer.Done)
            {
                return new(generation, Term, answer.Revision);
            }

            // Either it was done by a try whose answer was lost, or somebody else coordinates.
            var head = await HeadAsync(cancellationToken);
            if (head.Generation == generation && head.Term == Term)
            {
                return head;
            }

            throw await LoseAsync(null);
        }
    }

    private async Task<LogHead> HeadAsync(CancellationToken cancellationToken)
    {
        for (; ; )
        {
            try
            {
                return LogHead.Of(await _etcd.FindAsync(LogKeys.Head, cancellationToken));
            }
            catch (EtcdException e) when (!Lost.IsCancellationRequested)
            {
                await PauseAsync(e, cancellationToken);
            }
            catch (EtcdException e)
            {
                throw await LoseAsync(e);
            }
        }
    }

    private async Task GuardedAsync(EtcdAct[] acts, CancellationToken cancellationToken)
    {
        for (; ; )
        {
            try
            {
                if ((await _etcd.TransactAsync([new EtcdCondition.CreatedAt(_key, Term)], acts, cancellationToken)).Done)
                {
                    return;
                }

                throw await LoseAsync(null);
            }
            catch (EtcdException e) when (!Lost.IsCancellationRequested)
            {
                // Doing it twice comes to the same.
                await PauseAsync(e, cancellationToken);
            }
            catch (EtcdException e)
            {
                throw await LoseAsync(e);
            }
        }
    }

    private async Task ForgetAsync(long revision, CancellationToken cancellationToken)
    {
        try
        {
            await _etcd.CompactAsync(revision, cancellationToken);
        }
        catch (EtcdException)
        {
            // It only takes space until the next time.
        }
    }

    private async Task PauseAsync(EtcdException why, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Lost);
        try
        {
            await Task.Delay(Pause, _time, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await LoseAsync(why);
        }
    }

    private async Task<CoordinatorLostException> LoseAsync(Exception? why)
    {
        await _lost.CancelAsync();
        return new CoordinatorLostException(
            why is null
                ? "another host coordinates the pool by now"
                : $"the other members of the pool can't be reached, so another host may coordinate it by now: {why.Message}",
            why);
    }

    private async Task KeepAsync()
    {
        try
        {
            await KeepAsync(_etcd, _lease, Lease, _time, _stopping.Token);
        }
        finally
        {
            await _lost.CancelAsync();
        }
    }

    /// <summary>Keeps a lease alive until it can't be any more. Ends, without an error, when it is over.</summary>
    /// <param name="etcd">The member of this host.</param>
    /// <param name="lease">The lease.</param>
    /// <param name="limit">After how long without an answer it is taken for over.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private static async Task KeepAsync(EtcdClient etcd, long lease, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var kept = time.GetTimestamp();
        try
        {
            for (; ; )
            {
                await Task.Delay(Beat, time, cancellationToken);
                // The lease counts from when it was asked for, at the earliest.
                var asked = time.GetTimestamp();
                using var late = new CancellationTokenSource(AnswerLimit, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
                try
                {
                    if (!await etcd.KeepAliveAsync(lease, either.Token))
                    {
                        return;
                    }

                    kept = asked;
                }
                catch (Exception e) when (e is EtcdException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    if (limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(kept) > limit)
                    {
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is given up, or was won and is kept elsewhere.
        }
    }
}
