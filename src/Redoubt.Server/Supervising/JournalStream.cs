using System.Globalization;

namespace Redoubt.Server.Supervising;

/// <summary>Whether what a process prints goes to the system's journal, as systemd says in <c>JOURNAL_STREAM</c>.</summary>
internal static class JournalStream
{
    /// <summary>Whether standard output does.</summary>
    public static bool IsStandardOutput() => Is(1);

    /// <summary>Whether standard error does.</summary>
    public static bool IsStandardError() => Is(2);

    /// <summary>Whether an open file is the stream that systemd has named: its inode is the second number. Pure.</summary>
    /// <param name="named"><c>DEVICE:INODE</c>; null if there is none.</param>
    /// <param name="target">What the open file is, as <c>/proc</c> says: <c>socket:[INODE]</c>.</param>
    internal static bool Is(string? named, string? target) =>
        named?.Split(':') is [_, var inode] && target is not null
        && string.Equals(target, string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]"), StringComparison.Ordinal);

    private static bool Is(int descriptor) =>
        Is(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget);
}
