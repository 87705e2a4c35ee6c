using System.Threading.Channels;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Tells people how the copies of the database stand: in the record of the VDI that each lies on, and in messages about the pool, as xapi's
/// are. One reader takes what happened in its order, so that no recovery is told before the failure it ended.
/// </summary>
internal sealed class JournalReports : IAsyncDisposable
{
    private readonly PoolServices _pool;
    private readonly Channel<(LiveJournal Journal, JournalStanding Standing, Ref<SrRecord> Sr)> _news =
        Channel.CreateUnbounded<(LiveJournal Journal, JournalStanding Standing, Ref<SrRecord> Sr)>(
            new UnboundedChannelOptions { SingleReader = true });

    private readonly HashSet<string> _broken = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _telling;

    public JournalReports(PoolServices pool)
    {
        _pool = pool;
        _telling = Task.Run(TellAsync);
    }

    /// <summary>
    /// Notes that a journal stands otherwise, and where it lies now: when it is told, its VDI may have made way for another. Never waits.
    /// </summary>
    public void Take(LiveJournal journal, JournalStanding standing) => _news.Writer.TryWrite((
        journal, standing, _pool.State.Find(_pool.State.FindByUuid<VdiRecord>(journal.Key))?.Sr ?? default));

    /// <summary>Tells that the copy on an SR could not even begin to be written.</summary>
    public Task TellBrokenAsync(Ref<SrRecord> sr, Ref<VdiRecord> vdi, string reason)
    {
        return _pool.State.Find(sr) is not { } record || !IsNew(record.Uuid)
            ? Task.CompletedTask
            : PostAsync(new Announcement.CopyBroken(_pool.PoolUuid, Name(_pool.State.Find(vdi)?.Uuid ?? "", record), reason));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _news.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _telling;
        _stopping.Dispose();
    }

    private async Task TellAsync()
    {
        try
        {
            await foreach (var (journal, standing, sr) in _news.Reader.ReadAllAsync(_stopping.Token))
            {
                await (journal == _pool.Database.Own ? TellOwnAsync(standing) : TellCopyAsync(journal, standing, sr));
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the next one finds out anew how its journals stand.
        }
        catch (XenApiException e) when (e.Code == "INTERNAL_ERROR")
        {
            // The database is closed.
        }
    }

    /// <summary>Of the pool's own journal it can be told only when it is written again, and so it is.</summary>
    private async Task TellOwnAsync(JournalStanding standing)
    {
        if (standing.Health is JournalHealth.Broken or JournalHealth.Superseded && IsNew(""))
        {
            await PostAsync(new Announcement.JournalBroken(_pool.PoolUuid, $"{standing.Reason}"));
        }
        else if (standing.Health == JournalHealth.Healthy && IsOver(""))
        {
            await PostAsync(new Announcement.JournalHealthy(_pool.PoolUuid));
        }
    }

    private async Task TellCopyAsync(LiveJournal journal, JournalStanding standing, Ref<SrRecord> on)
    {
        await _pool.Database.WriteSurelyAsync(
            tx =>
            {
                // As it stands now: between what happened then and now others may have written of it.
                var (vdi, latest) = (tx.State.FindByUuid<VdiRecord>(journal.Key), journal.Health == JournalHealth.Healthy);
                if (_pool.Database.Journals.Contains(journal) && tx.Find(vdi) is { } record && record.MetadataLatest != latest)
                {
                    tx.Update(vdi, v => v with { MetadataLatest = latest });
                }
            },
            _stopping.Token);
        // Of an SR that has been forgotten meanwhile there is nothing to tell.
        if (_pool.State.Find(on) is not { Uuid: var subject } sr)
        {
            return;
        }

        switch (standing.Health)
        {
            case JournalHealth.Broken when IsNew(subject):
                await PostAsync(new Announcement.CopyBroken(_pool.PoolUuid, Name(journal.Key, sr), $"{standing.Reason}"));
                break;
            case JournalHealth.Superseded:
                IsOver(subject);
                await PostAsync(new Announcement.CopySuperseded(_pool.PoolUuid, Name(journal.Key, sr), $"{standing.Reason}"));
                break;
            case JournalHealth.Healthy when IsOver(subject):
                await PostAsync(new Announcement.CopyHealthy(_pool.PoolUuid, Name(journal.Key, sr)));
                break;
            case JournalHealth.Broken or JournalHealth.Healthy or JournalHealth.CatchingUp:
                break;
        }
    }

    /// <summary>What xapi says of a journal, and which SR it is on.</summary>
    private static string Name(string vdi, SrRecord sr) => $"Redo log [DR redo log for VDI {vdi}] on SR {sr.NameLabel}";

    private bool IsNew(string subject)
    {
        lock (_broken)
        {
            return _broken.Add(subject);
        }
    }

    private bool IsOver(string subject)
    {
        lock (_broken)
        {
            return _broken.Remove(subject);
        }
    }

    private Task PostAsync(Announcement announcement) => _pool.Database.WriteSurelyAsync(
        tx => MessageLog.Add(tx, announcement, _pool.Time.GetUtcNow()), _stopping.Token);
}
