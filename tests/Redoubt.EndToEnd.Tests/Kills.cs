namespace Redoubt.EndToEnd.Tests;

/// <summary>At which steps daemons are killed.</summary>
internal static class Kills
{
    /// <summary>Whether everything is gone through that is only sampled otherwise.</summary>
    public static readonly bool IsSoak = Environment.GetEnvironmentVariable("REDOUBT_SOAK") == "1";

    /// <summary>What the steps are drawn by.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("REDOUBT_SEED"), out var seed) ? seed : 7;

    /// <summary>What to do and be killed at: one, which is drawn, or all.</summary>
    public static TheoryData<string> Draw(params string[] all) => IsSoak ? [.. all] : [all[new Random(Seed).Next(all.Length)]];

    /// <summary>The steps at which to kill: some, or all.</summary>
    public static IEnumerable<int> Draw(string what, Func<int> steps, int samples = 2)
    {
        if (IsSoak)
        {
            for (var at = 1; at <= steps(); at++)
            {
                yield return at;
            }

            yield break;
        }

        var random = new Random(Seed + what.Sum(c => c));
        for (var i = 0; i < samples; i++)
        {
            yield return 1 + random.Next(Math.Max(1, steps()));
        }
    }
}
