using Redoubt.Storage;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>
/// A backup disk that is being looked into. Names on it are compared with what a backup has, and never become part of a path here; links on
/// it are not followed.
/// </summary>
internal sealed class BackupVolume : IAsyncDisposable
{
    private const string ScratchPrefix = "backup-";
    private const long LargestUnpacked = 64L << 30;

    private readonly Ext3Image _ext3;
    private readonly string _image;
    private readonly VdiDevice? _device;
    private readonly string _scratch;
    private readonly long _sizeBytes;
    private int _extracted;

    private BackupVolume(Ext3Image ext3, string image, VdiDevice? device, string scratch, long sizeBytes) =>
        (_ext3, _image, _device, _scratch, _sizeBytes) = (ext3, image, device, scratch, sizeBytes);

    /// <summary>Opens a disk to read it.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR</c>: it is no backup. <c>VDI_IN_USE</c>. The storage fails.</exception>
    public static async Task<BackupVolume> OpenAsync(PoolServices pool, Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        var record = pool.State.Get(vdi);
        VdiRows.RequireUnused(pool.State, vdi, "read the backup");
        var sr = pool.Hosts.Attached(record.Sr, pool.State.Get(record.Sr));
        var state = await sr.StatVdiAsync(SrRows.Uuid(record), cancellationToken);
        var scratch = NewScratch(pool);
        var image = Path.Combine(scratch, "image");
        VdiDevice? device = null;
        try
        {
            if (state.Format == DiskFormat.Raw)
            {
                device = await sr.OpenDeviceAsync(state.Uuid, SrAccess.ReadOnly, cancellationToken);
                image = device.Path;
            }
            else
            {
                RequireRoom(record, state.VirtualSizeBytes, scratch);
                await using var disk = await sr.AttachVdiAsync(state.Uuid, SrAccess.ReadOnly, cancellationToken);
                await new QemuImg(pool.Time).ConvertAsync(
                    disk.Source.LocalPath ?? throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", record.Sr.Opaque),
                    state.Format, image, DiskFormat.Raw, state.VirtualSizeBytes, cancellationToken);
            }

            var volume = new BackupVolume(new Ext3Image(pool.Time), image, device, scratch, record.VirtualSize);
            var root = await volume._ext3.ListAsync(image, "/", cancellationToken);
            return root.Any(e => e is { Name: BackupLayout.Marker, Kind: Ext3Kind.File })
                ? volume
                : throw new XenApiException(
                    "IMPORT_ERROR",
                    $"the disk {record.NameLabel} ({record.Uuid}) holds no metadata "
                        + $"backup{(root.Count == 0 ? ", and no file system that can be read" : "")}");
        }
        catch
        {
            await (device?.DisposeAsync() ?? ValueTask.CompletedTask);
            Directory.Delete(scratch, recursive: true);
            throw;
        }
    }

    /// <summary>A new directory for what is being put together.</summary>
    public static string NewScratch(PoolServices pool) => Directory.CreateDirectory(
        Path.Combine(pool.DataDirectory, "scratch", $"{ScratchPrefix}{Guid.NewGuid():D}"),
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    /// <summary>The dates of the backups, the newest first.</summary>
    public async Task<IReadOnlyList<string>> DatesAsync(CancellationToken cancellationToken) =>
    [
        .. (await _ext3.ListAsync(_image, $"/{BackupLayout.Dates}", cancellationToken))
            .Where(e => e.Kind == Ext3Kind.Directory && BackupLayout.IsDate(e.Name))
            .Select(e => e.Name).OrderDescending(StringComparer.Ordinal),
    ];

    /// <summary>The archives of a date.</summary>
    public async Task<IReadOnlyList<Ext3Entry>> ArchivesAsync(string date, CancellationToken cancellationToken) =>
    [
        .. (await _ext3.ListAsync(_image, $"/{BackupLayout.Dates}/{date}/{BackupLayout.Archives}", cancellationToken))
            .Where(e => e.Kind == Ext3Kind.File && BackupLayout.IsArchive(e.Name)),
    ];

    /// <summary>The names of the SRs, of a date; null if it has none.</summary>
    public Task<Ext3Entry?> SrNamesAsync(string date, CancellationToken cancellationToken) =>
        FileAsync($"/{BackupLayout.Dates}/{date}", BackupLayout.SrNamesFile, cancellationToken);

    /// <summary>
    /// The pool's database as it was at a date; null if there is none. XenServer keeps them apart from the dates, of which only the newest
    /// is sure to belong to the newest date.
    /// </summary>
    public async Task<Ext3Entry?> DatabaseAsync(string date, bool isNewest, CancellationToken cancellationToken) =>
        await FileAsync($"/{BackupLayout.Dates}/{date}", BackupLayout.DatabaseFile, cancellationToken) is { } own
            ? own
            : isNewest
                ? (await _ext3.ListAsync(_image, "/", cancellationToken)).FirstOrDefault(e =>
                    e.Kind == Ext3Kind.File && e.Name.EndsWith(".db", StringComparison.Ordinal)
                        && Guid.TryParseExact(e.Name[..^3], "D", out _))
                : null;

    /// <summary>Copies files out; the answers are the copies, in the same order.</summary>
    public async Task<IReadOnlyList<string>> ExtractAsync(IReadOnlyList<Ext3Entry> files, CancellationToken cancellationToken)
    {
        // Files with holes can say that they are larger than all there is.
        if (files.Aggregate(0L, (sum, f) => sum == long.MaxValue || f.SizeBytes > _sizeBytes - sum ? long.MaxValue : sum + f.SizeBytes) == long.MaxValue)
        {
            throw new XenApiException(
                "IMPORT_ERROR",
                $"the files of the backup say that they are larger than the disk they are on, which has {_sizeBytes} bytes");
        }

        if (files.Count == 0)
        {
            return [];
        }

        var targets = files.Select(f => (f, Path.Combine(_scratch, $"file-{_extracted++}"))).ToList();
        await _ext3.ExtractAsync(_image, targets, Path.Combine(_scratch, $"script-{_extracted++}"), cancellationToken);
        return targets.ConvertAll(t => t.Item2);
    }

    public async ValueTask DisposeAsync()
    {
        await (_device?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_scratch, recursive: true);
    }

    // A small image may unpack to all that it says it holds, beside the pool's own database.
    private static void RequireRoom(VdiRecord record, long sizeBytes, string scratch)
    {
        var free = new DriveInfo(scratch).AvailableFreeSpace;
        if (sizeBytes > LargestUnpacked || sizeBytes > free / 2)
        {
            throw new XenApiException(
                "IMPORT_ERROR",
                $"the disk {record.NameLabel} ({record.Uuid}) has {sizeBytes} bytes, which are not unpacked to look for a "
                    + $"metadata backup: there may be {Math.Min(LargestUnpacked, free / 2)}. "
                + "Copy it to a raw disk, or make room in the daemon's directory");
        }
    }

    private async Task<Ext3Entry?> FileAsync(string directory, string name, CancellationToken cancellationToken) =>
        (await _ext3.ListAsync(_image, directory, cancellationToken)).FirstOrDefault(e => e.Kind == Ext3Kind.File && e.Name == name);
}
