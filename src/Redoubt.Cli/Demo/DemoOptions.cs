using System.Globalization;
using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Demo;

/// <summary>What <c>redoubt demo</c> was told.</summary>
/// <param name="Guest">The bootable disk image of the guests.</param>
/// <param name="Directory">Where both sites live; made new, and removed unless kept.</param>
/// <param name="Keep">Leave both sites up at the end.</param>
/// <param name="Hosts">How many hosts the pool of each site has.</param>
internal sealed record DemoOptions(string Guest, string Directory, bool Keep, int Hosts = 1)
{
    /// <summary>How many hosts a site can have: with more, this machine would be busy with nothing else.</summary>
    public const int HostsMax = 5;

    /// <summary>What the options mean.</summary>
    public const string Details = """
        redoubt demo [--hosts N] [--keep] [--data DIR] --guest IMAGE

          --guest IMAGE  the bootable disk image of the guests; script/demo builds one
          --data DIR     where both sites live; made new, and removed at the end
          --hosts N      how many hosts the pool of each site has, from 1 (if it isn't said) to 5; with several, one of them is lost before
                         the disaster, and two have a witness
          --keep         leaves both sites up
        """;

    private const string Taken = "--hosts N, --keep, --data DIR and --guest IMAGE";

    /// <summary>Reads the words after the command.</summary>
    /// <exception cref="UsageException">A word is not one of the options, or no value that the option can have.</exception>
    public static DemoOptions Parse(IReadOnlyList<string> words)
    {
        string? guest = null;
        string? directory = null;
        var keep = false;
        var hosts = 1;
        for (var i = 0; i < words.Count; i++)
        {
            switch (words[i])
            {
                case "--keep": keep = true; break;
                case "--guest" when i + 1 < words.Count: guest = words[++i]; break;
                case "--data" when i + 1 < words.Count: directory = FileWords.FullPath("--data", words[++i]); break;
                case "--hosts" when i + 1 < words.Count: hosts = ReadHosts(words[++i]); break;
                case "--guest" or "--data" or "--hosts":
                    throw new UsageException($"{words[i]} needs a value. redoubt demo takes {Taken}.");
                default:
                    throw new UsageException($"redoubt demo does not know '{words[i]}'. It takes {Taken}.");
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
            ? new(Path.GetFullPath(guest), directory, keep, hosts)
            : throw new UsageException($"{directory} is not empty. The demo makes its own directory; name one that does not exist.");
    }

    private static int ReadHosts(string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var hosts) && hosts is >= 1 and <= HostsMax
            ? hosts
            : throw new UsageException(
                $"--hosts takes a number from 1 to {HostsMax}: how many hosts the pool of each site has. '{word}' is none.");

    private static bool IsFree(string path) =>
        !System.IO.Directory.Exists(path) || !System.IO.Directory.EnumerateFileSystemEntries(path).Any();
}
