using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Redoubt.Pool.Backups;

/// <summary>
/// What a metadata backup disk is called and what lies on it; XenServer's own layout, with the database of each date beside the archives
/// (<c>docs/formats/metadata-backup.md</c>). Pure.
/// </summary>
internal static class BackupLayout
{
    public const string DiskName = "Pool Metadata Backup";
    public const string DiskKey = "ctxs-pool-backup";
    public const string Marker = ".ctxs-metadata-backup";
    public const string Dates = "metadata";
    public const string Archives = "all";
    public const string BySr = "by-sr";
    public const string ArchiveSuffix = ".vmmeta";
    public const string SrNamesFile = "SRMETA.xml";
    public const string DatabaseFile = "pool-database.xml";

    /// <summary>As large as XenServer makes it.</summary>
    public const long DiskBytes = 1L << 30;

    private const string DateForm = "yyyy-MM-dd-HH-mm-ss";

    private static readonly Guid Namespace = new("e93e0639-2bdb-4a59-8b46-352b3f408c19");

    /// <summary>
    /// The UUID of an SR's backup disk: the fifth kind of UUID, made of the SR's. XenServer reads no other disk unasked, since a guest can
    /// write a disk that looks like a backup, but none with this UUID.
    /// </summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security", "CA5350", Justification = "The fifth kind of UUID is defined with it, and keeps no secret.")]
    public static Guid DiskOf(string srUuid)
    {
        var hash = SHA1.HashData([.. Namespace.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(srUuid)])[..16];
        (hash[6], hash[8]) = ((byte)((hash[6] & 0x0f) | 0x50), (byte)((hash[8] & 0x3f) | 0x80));
        return new Guid(hash, bigEndian: true);
    }

    /// <summary>The name of a backup made at a time.</summary>
    public static string Date(DateTimeOffset time) => time.UtcDateTime.ToString(DateForm, CultureInfo.InvariantCulture);

    /// <summary>Whether a name is one of a backup.</summary>
    public static bool IsDate(string name) =>
        DateTime.TryParseExact(name, DateForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>Whether a name is one of an archive: a UUID, and what it ends in.</summary>
    public static bool IsArchive(string name) =>
        name.EndsWith(ArchiveSuffix, StringComparison.Ordinal) && Guid.TryParseExact(name[..^ArchiveSuffix.Length], "D", out _);

    /// <summary>The size of disk that so much content needs: a gigabyte, or as many as leave a sixth of them free.</summary>
    public static long DiskFor(long contentBytes, long files)
    {
        // 128 MiB for the file system itself, its journal included; 4.5 KiB for a file's last block, inode and name.
        var needed = ((contentBytes + (files * 4_608)) * 6 / 5) + (128L << 20);
        return Math.Max(DiskBytes, (needed + (1L << 30) - 1) >> 30 << 30);
    }
}
