using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Notifying;

/// <summary>
/// Sends the pool's messages to people outside, to each target in their order. What has been sent is noted, in <c>notifications.json</c>,
/// when it has; so a daemon that ends, at whatever moment, has lost none, and sends at most the one again that was on its way. What there
/// was before a target was set up is not sent to it.
/// <code>
/// message is made ─► woken ─► for each target: not noted as sent ─► send ─► note
///                                                                    └ fails: told once, tried again after 5 s, 10 s, … 5 min
/// </code>
/// </summary>
internal sealed class Notifier : IAsyncDisposable
{
    /// <summary>The file's name.</summary>
    public const string FileName = "notifications.json";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly PoolServices _pool;
    private readonly int _priority;
    private readonly ILogger _log;
    private readonly KeptFile<ImmutableSortedDictionary<string, ImmutableHashSet<string>>> _sent;
    private readonly List<Target> _targets;
    private readonly List<Worker> _workers = [];
    private readonly IDisposable? _subscription;

    private Notifier(PoolServices pool, NotifyConfig config, KeptFile<ImmutableSortedDictionary<string, ImmutableHashSet<string>>> sent)
    {
        (_pool, _priority, _sent) = (pool, config.Priority, sent);
        _log = pool.Loggers.CreateLogger<Notifier>();
        _targets = [.. config.Targets(pool.Time).Select(t => new Target(t))];
        if (_targets.Count == 0)
        {
            return;
        }

        Begin();

        // One for each target, so that one that does not answer, or has many still to get, holds up no other.
        _workers = [.. _targets.Select(t => new Worker(
            $"The sending of notices to {t.To.Name}", Period, pool.Time, _log, isFirstAtOnce: true, stopping => RoundAsync(t, stopping)))];
        _subscription = pool.Database.Subscribe((_, changes) =>
        {
            if (changes.Any(c => c.Class == MessageRecord.Declaration && c.After is not null))
            {
                _workers.ForEach(w => w.Wake());
            }
        });
    }

    /// <summary>How the targets stand.</summary>
    public IReadOnlyList<NotifyState> States => [.. _targets.Select(t => new NotifyState(t.To.Name, Waiting(t).Count, t.Failure))];

    /// <summary>Begins.</summary>
    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static Notifier Start(PoolServices pool, NotifyConfig config) => new(pool, config, Kept(pool.Files));

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static KeptFile<ImmutableSortedDictionary<string, ImmutableHashSet<string>>> Kept(PoolFiles files) =>
        KeptFile<ImmutableSortedDictionary<string, ImmutableHashSet<string>>>.Open(
            files,
            FileName,
            ImmutableSortedDictionary<string, ImmutableHashSet<string>>.Empty,
            content => JsonSerializer.Deserialize<Dictionary<string, string[]>>(content)!.ToImmutableSortedDictionary(
                e => e.Key, e => e.Value.ToImmutableHashSet()),
            sent => JsonSerializer.SerializeToUtf8Bytes(sent.ToDictionary(e => e.Key, e => e.Value.Order(StringComparer.Ordinal))));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }
    }

    private void Begin()
    {
        var known = Messages().Select(m => m.Uuid).ToImmutableHashSet();
        var names = _targets.Select(t => t.To.Name).ToHashSet();
        _sent.Change(sent =>
        {
            var kept = sent.Where(e => names.Contains(e.Key)).ToImmutableSortedDictionary();
            var added = names.Where(n => !sent.ContainsKey(n)).Select(n => KeyValuePair.Create(n, known)).ToList();
            return added.Count == 0 && kept.Count == sent.Count ? sent : kept.AddRange(added);
        });
    }

    private IEnumerable<MessageRecord> Messages() => _pool.State.All<MessageRecord>().Select(m => m.Record);

    private List<MessageRecord> Waiting(Target target)
    {
        var sent = _sent.Value[target.To.Name];
        return [.. Messages().Where(m => m.Priority <= _priority && !sent.Contains(m.Uuid) && !target.Unnoted.Contains(m.Uuid))
            .OrderBy(m => m.Timestamp).ThenBy(m => m.Uuid, StringComparer.Ordinal)];
    }

    private async Task RoundAsync(Target target, CancellationToken stopping)
    {
        if (target.NotBefore is { } time && _pool.Time.GetUtcNow() < time)
        {
            return;
        }

        if (!target.Unnoted.IsEmpty)
        {
            Note(target);
        }

        foreach (var message in Waiting(target))
        {
            try
            {
                await target.To.SendAsync(Notification.Of(message, _pool.State.Get(_pool.Pool)), stopping);
            }
            catch (NotifyException failed)
            {
                if (target.Failure is null)
                {
                    _log.LogError("A notice could not be sent to {Target}, and is tried again: {Reason}", target.To.Name, failed.Message);
                }

                var pause = Period * Math.Pow(2, Math.Min(target.Failures, 16));
                (target.Failure, target.Failures) = (failed.Message, target.Failures + 1);
                target.NotBefore = _pool.Time.GetUtcNow() + (pause < LongestPause ? pause : LongestPause);
                return;
            }

            if (target.Failure is not null)
            {
                _log.LogInformation("Notices are sent to {Target} again", target.To.Name);
            }

            (target.Failure, target.Failures, target.NotBefore) = (null, 0, null);
            target.Unnoted = target.Unnoted.Add(message.Uuid);
            Note(target);
        }
    }

    // A disk that is full must not have one sent every five seconds: it is known here until it can be noted. Of those that are gone from
    // the table nothing need be known.
    private void Note(Target target)
    {
        var there = Messages().Select(m => m.Uuid).ToHashSet();
        _sent.Change(sent => sent.SetItem(target.To.Name, sent[target.To.Name].Union(target.Unnoted).Intersect(there)));
        target.Unnoted = [];
    }

    private sealed class Target(INotifyTarget to)
    {
        public INotifyTarget To => to;

        /// <summary>What has been sent, and could not be noted yet.</summary>
        public ImmutableHashSet<string> Unnoted { get; set; } = [];

        public string? Failure { get; set; }

        public int Failures { get; set; }

        public DateTimeOffset? NotBefore { get; set; }
    }
}
