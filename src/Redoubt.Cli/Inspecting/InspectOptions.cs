using Redoubt.Cli.CommandLine;
using Redoubt.Database.Journal;
using Redoubt.Inspection;

namespace Redoubt.Cli.Inspecting;

/// <summary>What <c>redoubt inspect</c> is asked.</summary>
/// <param name="Path">A file, a block device, or the directory of an SR location; absolute.</param>
/// <param name="Vm">The name or UUID of the VMs to show in place of everything; null for everything.</param>
/// <param name="Json">Whether the answer is for a program.</param>
/// <param name="At">The earlier point wanted; null for the newest state.</param>
internal sealed record InspectOptions(string Path, string? Vm, bool Json, JournalPoint? At)
{
    /// <summary>What is wanted of each database.</summary>
    public InspectQuery Query => new() { Now = TimeProvider.System.GetUtcNow(), Vm = Vm, At = At };

    public const string Usage = "redoubt inspect FILE-OR-DEVICE-OR-DIRECTORY [--at GENERATION|TIME] [--vm NAME|UUID] [--json]";

    /// <summary>What the options mean.</summary>
    public const string Details = $"""
        {Usage}

          --at GENERATION|TIME  an earlier state, at or before that
          --vm NAME|UUID        shows these VMs, with all that is known of them
          --json                prints JSON
        """;

    /// <exception cref="UsageException">An option is unknown or lacks its value, or the path is missing.</exception>
    public static InspectOptions Parse(IReadOnlyList<string> words)
    {
        string? path = null, vm = null;
        JournalPoint? at = null;
        var json = false;
        for (var i = 0; i < words.Count; i++)
        {
            switch (words[i])
            {
                case "--json": json = true; break;
                case "--vm":
                    vm = ++i < words.Count
                        ? words[i]
                        : throw new UsageException($"--vm must be followed by a name or UUID.\n{Usage}");
                    break;
                case ['-', '-', 'v', 'm', '=', .. var named]: vm = named; break;
                case "--at":
                    at = ++i < words.Count
                        ? Point(words[i])
                        : throw new UsageException($"--at must be followed by a generation or a time.\n{Usage}");
                    break;
                case ['-', '-', 'a', 't', '=', .. var point]: at = Point(point); break;
                case ['-', _, ..]: throw new UsageException($"inspect has no option '{words[i]}'.\n{Usage}");
                default:
                    path = path is null
                        ? words[i]
                        : throw new UsageException($"inspect looks at one thing at a time, not also at '{words[i]}'.\n{Usage}");
                    break;
            }
        }

        return string.IsNullOrEmpty(path)
            ? throw new UsageException($"What is to be inspected?\n{Usage}")
            : new(FileWords.FullPath("inspect", path), vm, json, at);
    }

    private static JournalPoint Point(string text) => JournalPoint.Parse(text)
        ?? throw new UsageException($"'{text}' is neither a generation (1234) nor a time (2026-11-22T14:05:00Z).");
}
