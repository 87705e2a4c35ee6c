namespace Redoubt.Tests;

/// <summary>
/// What is tried of tests that could go through everything: <c>script/test</c> draws some of it, always the same; <c>script/soak</c> goes
/// through all (<c>REDOUBT_SOAK=1</c>) or draws other ones (<c>REDOUBT_SEED=N</c>).
/// </summary>
internal static class Sampling
{
    /// <summary>Whether everything is tried.</summary>
    public static bool IsWhole { get; } = Environment.GetEnvironmentVariable("REDOUBT_SOAK") == "1";

    /// <summary>What is drawn by.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("REDOUBT_SEED"), out var seed) ? seed : 7;

    /// <summary>Every so many of what all would be, at least one; all if everything is tried.</summary>
    public static int Share(int all, int oneOf) => IsWhole ? all : Math.Max(1, all / oneOf);

    /// <summary>The numbers from 1 on, without end: one, drawn, of each so many; or all.</summary>
    public static IEnumerable<int> FromOne(int oneOf)
    {
        var random = new Random(Seed);
        var stride = IsWhole ? 1 : oneOf;
        for (var first = 1; ; first += stride)
        {
            yield return first + random.Next(stride);
        }
    }

    /// <summary>The numbers from 0 to before an end, a step apart: one, drawn, of each so many; or all.</summary>
    public static IEnumerable<int> Below(int end, int oneOf, int step = 1)
    {
        var random = new Random(Seed);
        var stride = IsWhole ? 1 : oneOf;
        for (var first = 0; first < end; first += stride * step)
        {
            var at = first + (random.Next(stride) * step);
            if (at < end)
            {
                yield return at;
            }
        }
    }
}
