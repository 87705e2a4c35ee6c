using Redoubt.Database;
using Redoubt.Database.Archive;
using Redoubt.Database.Dump;
using Redoubt.Storage;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>
/// Keeps dated copies of the pool's metadata on a disk of an SR, as XenServer's console does.
/// <code>
/// 1 copy what is kept of the earlier dates from the disk      to a directory of our own
/// 2 add a date: archives, database, names                     all of one state of the database
/// 3 make a file system of it, put it in the disk's place      in one step: the disk holds the old backups or the new ones
/// 4 read it back
/// </code>
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "Lives as long as the process, and its semaphore has no handle.")]
internal sealed class MetadataBackups(PoolServices pool)
{
    /// <summary>How many backups are kept if nobody says.</summary>
    public const long DefaultKept = 12;

    private const long MostKept = 1_000;

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Makes a backup.</summary>
    /// <param name="reference">The SR.</param>
    /// <param name="kept">How many backups are kept, this one included.</param>
    /// <param name="cancellationToken">Ends it; the disk is as it was.</param>
    /// <returns>The backup's date, which is its name.</returns>
    /// <exception cref="XenApiException">The SR can't be written, or what is on the backup disk can't be read. The disk is as it
    /// was.</exception>
    public async Task<string> CreateAsync(Ref<SrRecord> reference, long kept, CancellationToken cancellationToken)
    {
        RequireKept(kept);
        _ = SrRows.Writable(pool, reference);
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await MakeAsync(reference, kept, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Looks at the backups on a disk, without anything being written meanwhile.</summary>
    /// <param name="sr">The SR.</param>
    /// <param name="vdiUuid">The disk, if it is another than the SR's own backup disk; empty for that one.</param>
    /// <param name="look">What to do.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR</c>: there is no backup. <c>UUID_INVALID</c>.</exception>
    public async Task<T> ReadAsync<T>(
        Ref<SrRecord> sr, string vdiUuid, Func<BackupVolume, Task<T>> look, CancellationToken cancellationToken)
    {
        var vdi = Disk(sr, vdiUuid);
        await _one.WaitAsync(cancellationToken);
        try
        {
            await using var volume = await BackupVolume.OpenAsync(pool, vdi, cancellationToken);
            return await look(volume);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Checks a number of backups to keep.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static void RequireKept(long kept)
    {
        if (kept is < 1 or > MostKept)
        {
            throw new XenApiException("INVALID_VALUE", "keep", $"{kept}");
        }
    }

    private async Task<string> MakeAsync(Ref<SrRecord> reference, long kept, CancellationToken cancellationToken)
    {
        var state = pool.State;
        var record = state.Get(reference);
        var sr = SrRows.Writable(pool, reference);
        var staging = BackupVolume.NewScratch(pool);
        try
        {
            var content = Directory.CreateDirectory(Path.Combine(staging, "content")).FullName;
            var existing = state.FindByUuid<VdiRecord>(BackupLayout.DiskOf(record.Uuid).ToString("D"));
            var earlier = pool.State.Find(existing) is { Missing: false }
                ? await CopyEarlierAsync(existing, content, kept - 1, cancellationToken)
                : [];
            var date = NewDate(earlier);
            await Task.Run(() => AddDate(state, content, date), cancellationToken);
            var files = Directory.EnumerateFileSystemEntries(content, "*", SearchOption.AllDirectories).LongCount();
            var bytes = new DirectoryInfo(content).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null)
                .Sum(f => f.Length);
            var vdi = await DiskAsync(reference, sr, BackupLayout.DiskFor(bytes, files), cancellationToken);
            var image = Path.Combine(staging, "image");
            await new Ext3Image(pool.Time).CreateAsync(
                image, content, pool.State.Get(vdi).VirtualSize, (files * 6 / 5) + 1_024, cancellationToken);
            using (await pool.Gates.EnterAsync(record.Uuid, cancellationToken))
            {
                VdiRows.RequireUnused(pool.State, vdi, "write the backup");
                await using var source = new FileStream(image, FileMode.Open, FileAccess.Read);
                await sr.ImportVdiAsync(SrRows.Uuid(pool.State.Get(vdi)), source, DiskFormat.Raw, cancellationToken);
            }

            await ReadBackAsync(vdi, content, date, cancellationToken);
            return date;
        }
        finally
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    private Ref<VdiRecord> Disk(Ref<SrRecord> sr, string vdiUuid)
    {
        var record = pool.State.Get(sr);
        var uuid = vdiUuid.Length > 0 ? vdiUuid : BackupLayout.DiskOf(record.Uuid).ToString("D");
        var vdi = pool.State.FindByUuid<VdiRecord>(uuid);
        if (pool.State.Find(vdi) is { Missing: false } disk && disk.Sr == sr)
        {
            return vdi;
        }

        throw vdiUuid.Length > 0
            ? new XenApiException("UUID_INVALID", "VDI", vdiUuid)
            : new XenApiException(
                "IMPORT_ERROR", $"the SR {record.NameLabel} ({record.Uuid}) has no backup disk; metadata-backup-create makes one");
    }

    private string NewDate(IReadOnlyCollection<string> earlier)
    {
        // Two within a second, or a clock that was set back: a date stands for one backup, and the newest is the last.
        var now = pool.Time.GetUtcNow();
        for (var newest = earlier.Max(StringComparer.Ordinal); ; now = now.AddSeconds(1))
        {
            var date = BackupLayout.Date(now);
            if (newest is null || string.CompareOrdinal(date, newest) > 0 || now - pool.Time.GetUtcNow() > TimeSpan.FromMinutes(1))
            {
                return earlier.Contains(date) ? throw new XenApiException("INTERNAL_ERROR", $"there is a backup of {date} already") : date;
            }
        }
    }

    private async Task<IReadOnlyList<string>> CopyEarlierAsync(
        Ref<VdiRecord> vdi, string content, long kept, CancellationToken cancellationToken)
    {
        await using var volume = await OpenEarlierAsync(vdi, cancellationToken);
        var dates = (await volume.DatesAsync(cancellationToken)).Take((int)kept).ToList();
        foreach (var (date, at) in dates.Select((d, i) => (d, i)))
        {
            var archives = await volume.ArchivesAsync(date, cancellationToken);
            var database = await volume.DatabaseAsync(date, isNewest: at == 0, cancellationToken);
            var names = await volume.SrNamesAsync(date, cancellationToken);
            var files = archives.Concat(new[] { database, names }.OfType<Ext3Entry>()).ToList();
            var copies = await volume.ExtractAsync(files, cancellationToken);
            var folder = Directory.CreateDirectory(Path.Combine(content, BackupLayout.Dates, date)).FullName;
            var all = Directory.CreateDirectory(Path.Combine(folder, BackupLayout.Archives)).FullName;
            foreach (var (file, copy) in files.Zip(copies))
            {
                File.Move(copy, file == database ? Path.Combine(folder, BackupLayout.DatabaseFile)
                    : file == names ? Path.Combine(folder, BackupLayout.SrNamesFile)
                    : Path.Combine(all, file.Name));
            }

            await Task.Run(() => BackupFolder.LinkBySr(folder), cancellationToken);
        }

        return dates;
    }

    private async Task<BackupVolume> OpenEarlierAsync(Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        try
        {
            return await BackupVolume.OpenAsync(pool, vdi, cancellationToken);
        }
        catch (XenApiException e) when (e.Code == "IMPORT_ERROR")
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED",
                $"{e.Parameters[0]}. Nothing was written over it. If nothing on it is needed, remove it (vdi-destroy "
                    + $"uuid={pool.State.Get(vdi).Uuid}), then repeat.");
        }
    }

    private void AddDate(DatabaseState state, string content, string date)
    {
        File.WriteAllText(Path.Combine(content, BackupLayout.Marker), "1\n");
        var folder = Directory.CreateDirectory(Path.Combine(content, BackupLayout.Dates, date)).FullName;
        var all = Directory.CreateDirectory(Path.Combine(folder, BackupLayout.Archives)).FullName;
        foreach (var vm in VmMetadata.All(state, controlDomains: false).Where(v => !TestMarks.IsOfTest(state.Get(v).OtherConfig)))
        {
            using var file = new FileStream(Path.Combine(all, state.Get(vm).Uuid + BackupLayout.ArchiveSuffix), FileMode.CreateNew);
            using var text = new MemoryStream();
            ArchiveWriter.Write(state, [vm], new ArchiveOptions(), pool.Time.GetUtcNow(), file, text, pool.KeyRing);
        }

        using (var database = new FileStream(Path.Combine(folder, BackupLayout.DatabaseFile), FileMode.CreateNew))
        {
            DumpWriter.Write(StateDump.ToDump(state, pool.KeyRing), database);
        }

        SrNames.Write(state, Path.Combine(folder, BackupLayout.SrNamesFile));
        BackupFolder.LinkBySr(folder);

        // Where XenServer keeps the newest one.
        File.CreateSymbolicLink(
            Path.Combine(content, $"{state.Get(pool.Pool).Uuid}.db"), $"{BackupLayout.Dates}/{date}/{BackupLayout.DatabaseFile}");
    }

    private async Task<Ref<VdiRecord>> DiskAsync(Ref<SrRecord> reference, ISr sr, long sizeBytes, CancellationToken cancellationToken)
    {
        using var held = await pool.Gates.EnterAsync(pool.State.Get(reference).Uuid, cancellationToken);
        var uuid = new VdiUuid(BackupLayout.DiskOf(pool.State.Get(reference).Uuid));
        var existing = pool.State.FindByUuid<VdiRecord>(uuid.ToString());
        if (pool.State.Find(existing) is { Missing: false } disk)
        {
            if (disk.VirtualSize < sizeBytes)
            {
                var now = await sr.ResizeVdiAsync(uuid, sizeBytes, cancellationToken);
                await pool.Database.WriteAsync(
                    tx => VdiRows.Resize(tx, existing, now.VirtualSizeBytes, now.PhysicalUtilisationBytes), CancellationToken.None);
            }

            return existing;
        }

        // Raw, so that XenServer's own tools, and any Linux, can mount it. No guest writes it, so nothing can pretend to be metadata in it.
        var made = await sr.CreateVdiAsync(
            new VdiConfig { Uuid = uuid, VirtualSizeBytes = sizeBytes, Format = DiskFormat.Raw }, cancellationToken);
        return await pool.Database.WriteAsync(
            tx =>
            {
                VdiRows.Delete(tx, existing);
                return VdiRows.Create(tx, new VdiRecord
                {
                    Uuid = uuid.ToString(),
                    Location = uuid.ToString(),
                    NameLabel = BackupLayout.DiskName,
                    NameDescription = "Dated copies of the pool's metadata",
                    Sr = reference,
                    Type = XenApi.VdiType.User,
                    VirtualSize = made.VirtualSizeBytes,
                    PhysicalUtilisation = made.PhysicalUtilisationBytes,
                    Managed = true,
                    SmConfig = VdiRecordDefaults.RawSmConfig,
                    OtherConfig = VdiRecordDefaults.NoConfig.Add(BackupLayout.DiskKey, "true"),
                });
            },
            CancellationToken.None);
    }

    private async Task ReadBackAsync(Ref<VdiRecord> vdi, string content, string date, CancellationToken cancellationToken)
    {
        await using var volume = await BackupVolume.OpenAsync(pool, vdi, cancellationToken);
        var folder = Path.Combine(content, BackupLayout.Dates, date);
        var archives = await volume.ArchivesAsync(date, cancellationToken);
        var database = await volume.DatabaseAsync(date, isNewest: true, cancellationToken) ?? throw Unlike(date);
        var copies = await volume.ExtractAsync([database, .. archives], cancellationToken);
        var written = archives.Select(a => Path.Combine(folder, BackupLayout.Archives, a.Name))
            .Prepend(Path.Combine(folder, BackupLayout.DatabaseFile)).ToList();
        if (archives.Count != Directory.GetFiles(Path.Combine(folder, BackupLayout.Archives)).Length
            || !await Task.Run(
                () => written.Zip(copies).All(f => File.ReadAllBytes(f.First).AsSpan().SequenceEqual(File.ReadAllBytes(f.Second))),
                cancellationToken))
        {
            throw Unlike(date);
        }
    }

    private static XenApiException Unlike(string date) =>
        new("INTERNAL_ERROR", $"the backup of {date} does not read back as it was written; the storage does not keep what it is given");
}
