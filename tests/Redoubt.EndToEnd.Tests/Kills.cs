namespace Redoubt.EndToEnd.Tests;

/// <summary>At which steps daemons are killed.</summary>
internal static class Kills
{
    /// <summary>What to do and be killed at: one, which is drawn, or all.</summary>
    public static TheoryData<string> Draw(params string[] all) =>
        Sampling.IsWhole ? [.. all] : [all[new Random(Sampling.Seed).Next(all.Length)]];

    /// <summary>The steps at which to kill: some, or all.</summary>
    public static IEnumerable<int> Draw(string what, Func<int> steps, int samples = 2)
    {
        if (Sampling.IsWhole)
        {
            for (var at = 1; at <= steps(); at++)
            {
                yield return at;
            }

            yield break;
        }

        var random = new Random(Sampling.Seed + what.Sum(c => c));
        for (var i = 0; i < samples; i++)
        {
            yield return 1 + random.Next(Math.Max(1, steps()));
        }
    }
}
