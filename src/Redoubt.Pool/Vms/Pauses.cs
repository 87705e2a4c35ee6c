namespace Redoubt.Pool;

/// <summary>Waiting that an operator asked for, in seconds.</summary>
internal static class Pauses
{
    /// <summary>Nobody means more than a month, and a timer takes no more than 49 days.</summary>
    private const long SecondsMax = 30 * 24 * 3600;

    /// <summary>The length of a delay.</summary>
    public static TimeSpan Of(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, SecondsMax));

    /// <summary>Waits for a delay.</summary>
    public static Task WaitAsync(long seconds, TimeProvider time, CancellationToken cancellationToken) =>
        seconds > 0 ? Task.Delay(Of(seconds), time, cancellationToken) : Task.CompletedTask;
}
