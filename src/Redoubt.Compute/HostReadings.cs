using System.Globalization;

namespace Redoubt.Compute;

/// <summary>What a host shows of itself, read from the texts of <c>/proc</c>. Pure.</summary>
internal static class HostReadings
{
    /// <summary>The readings of a host.</summary>
    /// <param name="stat">The text of <c>/proc/stat</c>.</param>
    /// <param name="load">The text of <c>/proc/loadavg</c>.</param>
    /// <param name="memory">The host's memory.</param>
    internal static IEnumerable<Reading> Of(string stat, string load, HostMemory memory)
    {
        foreach (var line in stat.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [{ Length: > 3 } cpu, ..] && cpu.StartsWith("cpu", StringComparison.Ordinal) && words.Length > 8)
            {
                // In hundredths of a second: user, nice, system, idle, iowait, irq, softirq, steal. Guests' time is within user.
                var busy = new[] { 1, 2, 3, 6, 7, 8 }.Sum(i => double.Parse(words[i], CultureInfo.InvariantCulture)) / 100;
                yield return new(null, cpu, true, busy);
            }
        }

        yield return new(null, "memory_total_kib", false, memory.TotalBytes / 1024);
        yield return new(null, "memory_free_kib", false, memory.AvailableBytes / 1024);
        yield return new(null, "loadavg", false, double.Parse(load.Split(' ')[0], CultureInfo.InvariantCulture));
    }
}
