using System.Text;

namespace Redoubt.Cli.CommandLine;

/// <summary>
/// Files that the command line names and that are small: passwords, plans. Whatever the name is, the complaint is one of the command line.
/// </summary>
internal static class FileWords
{
    // Of a device that never ends nobody waits for the end.
    private const int LongestSecretBytes = 64 << 10;

    /// <summary>Whether no file can be called so.</summary>
    public static bool IsImpossible(string file) => file.Length == 0 || file.Contains('\0', StringComparison.Ordinal);

    /// <summary>The whole path.</summary>
    /// <exception cref="UsageException">No file can be called so.</exception>
    public static string FullPath(string what, string file) =>
        IsImpossible(file) ? throw new UsageException($"{what} needs the name of a file or directory.") : Path.GetFullPath(file);

    /// <summary>The first lines of a file, of which no more than a few are wanted.</summary>
    /// <exception cref="UsageException">It can't be read.</exception>
    public static string[] FirstLines(string what, string file) => Try(what, "read", file, () =>
    {
        using var content = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
        var bytes = new byte[LongestSecretBytes];
        var count = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(bytes.AsSpan(0, count)).TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
    });

    /// <summary>The whole text of a file.</summary>
    /// <exception cref="UsageException">It can't be read.</exception>
    public static string ReadAll(string what, string file) => Try(what, "read", file, () => File.ReadAllText(file));

    /// <summary>Writes a file; one that is there is written over.</summary>
    /// <exception cref="UsageException">It can't be written.</exception>
    public static void Write(string what, string file, string text) => Try(what, "written", file, () =>
    {
        File.WriteAllText(file, text);
        return true;
    });

    private static T Try<T>(string what, string done, string file, Func<T> act)
    {
        if (IsImpossible(file))
        {
            throw new UsageException($"{what} can't be {done}: no file is named '{file.Replace('\0', ' ')}'.");
        }

        try
        {
            return act();
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new UsageException($"{what} can't be {done}: {wrong.Message}");
        }
    }
}
