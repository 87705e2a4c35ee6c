namespace Redoubt.Recovery.Tests;

/// <summary>
/// A clock on which no wait takes time: it jumps to where the wait would end. Of waits at the same time the sum is taken.
/// </summary>
internal sealed class JumpingClock : TimeProvider
{
    private readonly DateTimeOffset _began = System.GetUtcNow();
    private long _ticks;

    public override DateTimeOffset GetUtcNow() => _began + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == Timeout.InfiniteTimeSpan)
        {
            return System.CreateTimer(callback, state, dueTime, period);
        }

        Interlocked.Add(ref _ticks, dueTime.Ticks);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
