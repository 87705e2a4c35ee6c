using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>
/// Reads a redo log, of Redoubt or of xapi, and says how much of it can be trusted. Opens read-only and never writes a byte, whatever
/// it finds. The layout is at the head of <see cref="JournalLayout"/>, the whole format in <c>docs/formats/journal.md</c>.
/// </summary>
/// <remarks>
/// No content makes it throw, and no length that the volume claims makes it allocate. It may be used on a volume that is being written:
/// it then sees some state that was there, or reports a cut at one.
/// </remarks>
public static class JournalReader
{
    /// <summary>Reads the log in a file or block device.</summary>
    /// <exception cref="IOException">It cannot be opened, or not even its first bytes can be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The caller may not read it.</exception>
    public static JournalVerdict Read(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Read(handle);
    }

    /// <summary>Reads the log behind an open handle, which stays open.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public static JournalVerdict Read(SafeFileHandle handle) => Read(new JournalBytes(handle), JournalLayout.Xapi, DumpLimits.Default);

    /// <summary>Reads the log in a seekable stream, which stays open.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public static JournalVerdict Read(Stream stream) => Read(new JournalBytes(stream), JournalLayout.Xapi, DumpLimits.Default);

    /// <summary>
    /// Reads an earlier state: the newest at or before a point, of those that lie in either half of the log and in the history. It says
    /// <see cref="JournalVerdict.Unusable"/> when there is none so old, and how far back there is one.
    /// </summary>
    /// <exception cref="IOException">The volume cannot be opened, or not even its first bytes can be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The caller may not read it.</exception>
    public static JournalVerdict Read(string path, JournalPoint at)
    {
        ArgumentNullException.ThrowIfNull(at);
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Read(new JournalBytes(handle), JournalLayout.Xapi, DumpLimits.Default, at);
    }

    /// <summary>Reads the log behind an open handle, which stays open, within limits of the caller's own.</summary>
    /// <param name="handle">The volume.</param>
    /// <param name="at">The earlier point wanted; null for the newest state.</param>
    /// <param name="limits">How large the database in it may be.</param>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public static JournalVerdict Read(SafeFileHandle handle, JournalPoint? at, DumpLimits limits) =>
        Read(new JournalBytes(handle), JournalLayout.Xapi, limits, at);

    internal static JournalVerdict Read(JournalBytes bytes, JournalLayout layout, DumpLimits limits, JournalPoint? at = null)
    {
        var reading = new JournalReading(bytes, layout, limits);
        return at is null ? reading.Newest() : new EarlierReading(reading).At(at);
    }
}
