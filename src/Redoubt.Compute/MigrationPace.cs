namespace Redoubt.Compute;

/// <summary>
/// Judges from time to time whether a guest that is being sent will ever be through. Pure. A guest may write to its memory faster than the
/// line carries; it is slowed down more and more then, and if that does not help, it is not held up for it: it stays where it is.
/// </summary>
internal sealed class MigrationPace
{
    /// <summary>How long nothing may move.</summary>
    internal static readonly TimeSpan StillLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long it may go on after everything has been sent once, at least.</summary>
    internal static readonly TimeSpan LeastRest = TimeSpan.FromMinutes(2);

    /// <summary>How many times as long as the first pass the rest may take.</summary>
    internal const int RestFactor = 3;

    private TimeSpan? _once;
    private (double Sent, TimeSpan At) _last;

    /// <summary>Takes a look.</summary>
    /// <param name="at">When, from the beginning.</param>
    /// <param name="sent">The bytes that have been sent.</param>
    /// <param name="pass">The pass through the memory that goes on, from 1.</param>
    /// <returns>Why it is to be broken off; null: it is not.</returns>
    internal string? Judge(TimeSpan at, double sent, int pass)
    {
        if (sent != _last.Sent)
            _last = (sent, at);
        if (pass > 1)
            _once ??= at;
        if (at - _last.At > StillLimit)
            return $"nothing of it has moved for {StillLimit.TotalSeconds:0} seconds";
        if (_once is not { } once)
            return null;
        var rest = TimeSpan.FromSeconds(Math.Max(LeastRest.TotalSeconds, RestFactor * once.TotalSeconds));
        return at - once <= rest ? null
            : $"it writes to its memory faster than the line to the other host carries, for {rest.TotalSeconds:0} seconds by now";
    }
}
