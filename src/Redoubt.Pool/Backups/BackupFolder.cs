using Redoubt.Database.Archive;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>A date's folder while a backup is put together.</summary>
internal static class BackupFolder
{
    /// <summary>
    /// Makes, for each SR, links to the archives of the VMs that have a disk on it; XenServer restores a single SR by them.
    /// </summary>
    public static void LinkBySr(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, BackupLayout.Archives)))
        {
            foreach (var sr in SrsOf(file).Where(s => Guid.TryParseExact(s, "D", out _)))
            {
                var links = Directory.CreateDirectory(Path.Combine(folder, BackupLayout.BySr, sr)).FullName;
                File.CreateSymbolicLink(
                    Path.Combine(links, Path.GetFileName(file)), $"../../{BackupLayout.Archives}/{Path.GetFileName(file)}");
            }
        }
    }

    private static IEnumerable<string> SrsOf(string file)
    {
        using var archive = new FileStream(file, FileMode.Open, FileAccess.Read);
        try
        {
            return [.. VmArchive.Open([ArchiveReader.Read(archive)]).All<SrRecord>().Select(s => s.Record.Uuid)
                .Distinct(StringComparer.Ordinal)];
        }
        catch (XenApiException)
        {
            // An archive of an earlier date that can't be read is kept as it is; whoever restores it is told.
            return [];
        }
    }
}
