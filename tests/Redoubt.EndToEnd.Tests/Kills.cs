namespace Redoubt.EndToEnd.Tests;

/// <summary>At which steps daemons are killed.</summary>
internal static class Kills
{
    /// <summary>What to do and be killed at: one, which is drawn, or all.</summary>
    public static TheoryData<string> Draw(params string[] all) =>
        Sampling.IsWhole ? [.. all] : [all[new Random(Sampling.Seed).Next(all.Length)]];

    /// <summary>
    /// The steps at which to kill: first one beyond all of them, so that they are counted, then some of those, or all. They are drawn as
    /// one comes to them, and must not be put into a list before.
    /// </summary>
    /// <param name="what">What is killed.</param>
    /// <param name="steps">How many there were when they were counted.</param>
    /// <param name="samples">How many are drawn.</param>
    public static IEnumerable<int> Draw(string what, Func<int> steps, int samples = 2)
    {
        yield return int.MaxValue;
        Assert.True(steps() > 0, $"no step of {what} was seen");
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
            yield return 1 + random.Next(steps());
        }
    }
}
