using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>
/// What earlier states a volume holds. <see cref="JournalReader.Read(string, JournalPoint)"/> reads one: by a time or generation, also of
/// those between two entries that the log still has.
/// </summary>
public static class JournalHistory
{
    /// <summary>Lists the history of a file or block device. Opens read-only. A volume without our area has an empty one.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The caller may not read it.</exception>
    public static HistoryListing List(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return List(handle);
    }

    /// <summary>Lists the history behind an open handle, which stays open.</summary>
    public static HistoryListing List(SafeFileHandle handle) => List(new JournalBytes(handle), JournalLayout.Xapi);

    internal static HistoryListing List(JournalBytes bytes, JournalLayout layout)
    {
        var area = VolumeArea.Read(bytes, layout);
        return new HistoryListing(area.Header?.Pool, area.History.Entries, [Reach(area.First), Reach(area.Second)], area.Problems);
    }

    private static LogReach? Reach(ProofList proofs) => proofs.Last is not { } last
        ? null
        : new LogReach(proofs.Records[0].Generation, proofs.Records[0].WrittenAt, last.Generation, last.WrittenAt);
}
