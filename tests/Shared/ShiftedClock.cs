namespace Redoubt.Tests;

/// <summary>The real clock, put forward at will. Timers run in real time.</summary>
public sealed class ShiftedClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => System.TimestampFrequency;

    private TimeSpan Shift => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
}
