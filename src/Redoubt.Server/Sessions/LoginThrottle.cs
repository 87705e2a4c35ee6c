using System.Net;
using Redoubt.Pool;

namespace Redoubt.Server.Sessions;

/// <summary>
/// Slows down guessing: each further wrong password from an address doubles how long that address waits for its next try. A name's
/// failures count too, from wherever they come, but only up to a short wait: nobody can keep an operator out by guessing from elsewhere.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>A typing mistake or two cost nothing.</summary>
    private const int FreeFailures = 2;

    private const int Kept = 10_000;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestByAddress = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestByName = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Failures, long Last, long FreeAt)> _known = [];

    /// <summary>How many addresses and names are remembered.</summary>
    public int Known
    {
        get
        {
            lock (_gate)
            {
                return _known.Count;
            }
        }
    }

    /// <summary>Waits until it is this caller's turn to try.</summary>
    public Task WaitAsync(string user, IPAddress remote, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            // Root at the machine itself waits no longer than anybody's guessing can make root wait from elsewhere.
            var isHere = user == SessionOwner.RootName && IPAddress.IsLoopback(remote);
            var (byAddress, byName) = (Take(Address(remote), isHere ? LongestByName : LongestByAddress), Take(Name(user), LongestByName));
            wait = byAddress > byName ? byAddress : byName;
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, time, cancellationToken) : Task.CompletedTask;
    }

    public void Failed(string user, IPAddress remote)
    {
        lock (_gate)
        {
            if (_known.Count >= Kept)
            {
                foreach (var old in _known.OrderBy(k => k.Value.Last).Take(Kept / 10).Select(k => k.Key).ToList())
                {
                    _known.Remove(old);
                }
            }

            foreach (var key in new[] { Address(remote), Name(user) })
            {
                var entry = _known.GetValueOrDefault(key);
                _known[key] = (Math.Min(entry.Failures + 1, 30), time.GetTimestamp(), entry.FreeAt);
            }
        }
    }

    public void Succeeded(string user, IPAddress remote)
    {
        lock (_gate)
        {
            _known.Remove(Address(remote));
            _known.Remove(Name(user));
        }
    }

    private static string Address(IPAddress remote) => "a" + remote;

    private static string Name(string user) => "n" + user[..Math.Min(user.Length, 64)];

    // Tries that come at the same time queue up, up to the longest wait: else a thousand at once would cost no more than one.
    private TimeSpan Take(string key, TimeSpan longest)
    {
        if (!_known.TryGetValue(key, out var entry) || entry.Failures <= FreeFailures)
        {
            return TimeSpan.Zero;
        }

        if (time.GetElapsedTime(entry.Last) > Forgotten)
        {
            _known.Remove(key);
            return TimeSpan.Zero;
        }

        var step = FirstWait * Math.Pow(2, entry.Failures - FreeFailures - 1);
        step = step < longest ? step : longest;
        var now = time.GetTimestamp();
        var queued = entry.FreeAt > now ? time.GetElapsedTime(now, entry.FreeAt) : TimeSpan.Zero;
        var wait = queued + step < longest ? queued + step : longest;
        _known[key] = entry with { FreeAt = now + (long)(wait.TotalSeconds * time.TimestampFrequency) };
        return wait;
    }
}
