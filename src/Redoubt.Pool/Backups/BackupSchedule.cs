using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>
/// Makes backups when they are due. When that is, stands in <c>other_config</c> of the SR, so that it outlives the daemon.
/// </summary>
internal sealed class BackupSchedule(PoolServices pool, MetadataBackups backups) : IAsyncDisposable
{
    public const string IntervalKey = "metadata-backup-interval";
    public const string KeepKey = "metadata-backup-keep";

    private const string LastKey = "metadata-backup-last";
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _failed = new();
    private Worker? _worker;

    /// <summary>The length of an interval; null for <c>off</c>.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static TimeSpan? Interval(string name) => name switch
    {
        "off" => null,
        "hourly" => TimeSpan.FromHours(1),
        "daily" => TimeSpan.FromDays(1),
        "weekly" => TimeSpan.FromDays(7),
        _ => throw new XenApiException("INVALID_VALUE", "interval", name),
    };

    /// <summary>Whether a backup is due. Pure.</summary>
    public static bool IsDue(ImmutableSortedDictionary<string, string> config, DateTimeOffset now) =>
        config.GetValueOrDefault(IntervalKey) is "hourly" or "daily" or "weekly"
        && (!DateTimeOffset.TryParse(config.GetValueOrDefault(LastKey), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var last)
            || now - last >= Interval(config[IntervalKey]) || last > now);

    /// <summary>
    /// Begins to look every minute. Whatever goes wrong, even where it can't be announced, the next one is another chance.
    /// </summary>
    public void Start() =>
        _worker = new(
            "The look at when metadata backups are due", Look, pool.Time, pool.Loggers.CreateLogger<BackupSchedule>(),
            isFirstAtOnce: false, RunDueAsync);

    /// <summary>Sets when backups are made on an SR.</summary>
    public Task SetAsync(Ref<SrRecord> sr, string interval, long kept, CancellationToken cancellationToken)
    {
        var every = Interval(interval);
        MetadataBackups.RequireKept(kept);
        return pool.Database.WriteAsync(
            tx => tx.Update(sr, s => s with
            {
                OtherConfig = every is null
                    ? s.OtherConfig.Remove(IntervalKey).Remove(KeepKey)
                    : s.OtherConfig.SetItem(IntervalKey, interval).SetItem(KeepKey, kept.ToString(CultureInfo.InvariantCulture)),
            }),
            cancellationToken);
    }

    /// <summary>Makes those backups that are due now. One that fails is announced, and tried again in an hour.</summary>
    public async Task RunDueAsync(CancellationToken cancellationToken)
    {
        var now = pool.Time.GetUtcNow();
        foreach (var (sr, record) in pool.State.All<SrRecord>().Where(s => IsDue(s.Record.OtherConfig, now)).ToList())
        {
            if (_failed.TryGetValue(record.Uuid, out var failed) && now - failed < Retry && now >= failed)
            {
                continue;
            }

            try
            {
                var kept = long.TryParse(
                    record.OtherConfig.GetValueOrDefault(KeepKey), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted)
                    ? wanted
                    : MetadataBackups.DefaultKept;
                await backups.CreateAsync(sr, kept, cancellationToken);
                _failed.TryRemove(record.Uuid, out _);
                await pool.Database.WriteAsync(
                    tx =>
                    {
                        if (tx.Find(sr) is not null)
                        {
                            tx.Update(
                                sr,
                                s => s with
                                {
                                    OtherConfig = s.OtherConfig.SetItem(LastKey, now.ToString("O", CultureInfo.InvariantCulture)),
                                });
                        }
                    },
                    CancellationToken.None);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                _failed[record.Uuid] = now;
                var reason = ErrorSentences.Of(e);
                await pool.PostAsync(new Announcement.BackupFailed(record.Uuid, record.OtherConfig[IntervalKey], reason));
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;
}
