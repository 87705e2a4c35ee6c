using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Demo;

/// <summary>What <c>redoubt demo</c> was told.</summary>
/// <param name="Guest">The bootable disk image of the guests.</param>
/// <param name="Directory">Where both sites live; made new, and removed unless kept.</param>
/// <param name="Keep">Leave both sites up at the end.</param>
internal sealed record DemoOptions(string Guest, string Directory, bool Keep)
{
    /// <summary>What the options mean.</summary>
    public const string Details = """
        redoubt demo [--keep] [--data DIR] --guest IMAGE

          --guest IMAGE  the bootable disk image of the guests; script/demo builds one
          --data DIR     where both sites live; made new, and removed at the end
          --keep         leaves both sites up
        """;

    /// <summary>Reads the words after the command.</summary>
    /// <exception cref="UsageException">A word is not one of the options.</exception>
    public static DemoOptions Parse(IReadOnlyList<string> words)
    {
        string? guest = null;
        string? directory = null;
        var keep = false;
        for (var i = 0; i < words.Count; i++)
        {
            switch (words[i])
            {
                case "--keep": keep = true; break;
                case "--guest" when i + 1 < words.Count: guest = words[++i]; break;
                case "--data" when i + 1 < words.Count: directory = FileWords.FullPath("--data", words[++i]); break;
                default:
                    throw new UsageException(
                        $"redoubt demo does not know '{words[i]}'. It takes --keep, --data DIR and --guest IMAGE.");
            }
        }

        if (guest is null || !File.Exists(guest))
        {
            throw new UsageException(
                "The demo needs the guests' disk image (--guest IMAGE). script/demo builds it and starts the demo with it.");
        }

        // Sockets of the guests lie below this directory, and their paths may not be longer than 107 bytes.
        directory ??= Path.Combine(Path.GetTempPath(), $"redoubt-demo-{Environment.ProcessId}");
        return IsFree(directory)
            ? new(Path.GetFullPath(guest), directory, keep)
            : throw new UsageException($"{directory} is not empty. The demo makes its own directory; name one that does not exist.");
    }

    private static bool IsFree(string path) =>
        !System.IO.Directory.Exists(path) || !System.IO.Directory.EnumerateFileSystemEntries(path).Any();
}
