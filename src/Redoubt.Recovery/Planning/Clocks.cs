namespace Redoubt.Recovery;

/// <summary>
/// Moments that another clock has told. The difference of two clocks is no age: what lies further ahead of the present than clocks that are
/// right can be apart says only that one of them is wrong.
/// </summary>
public static class Clocks
{
    /// <summary>How far two clocks that are right may be apart.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Whether a moment can't have been yet.</summary>
    /// <param name="moment">The moment.</param>
    /// <param name="now">The present.</param>
    public static bool IsAhead(DateTimeOffset moment, DateTimeOffset now) => moment - now > Skew;
}
