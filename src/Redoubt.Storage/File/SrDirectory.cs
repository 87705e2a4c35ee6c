namespace Redoubt.Storage.FileDriver;

/// <summary>The directory of one SR, seen as disks. Reads only.</summary>
internal sealed class SrDirectory(SrUuid uuid, string path, string? backingDirectory)
{
    private const int GroupAndOthers = 0x3f;
    private const int Others = 0x7;
    private const int LookOrWrite = 0x36;

    private readonly VdiFileReader _reader = new(backingDirectory);

    // What it lay on as it was last known to be the SR's; 0: not looked at yet.
    private ulong _device;

    /// <summary>The absolute path.</summary>
    public string FullPath => path;

    /// <summary>The file that a disk would have.</summary>
    public VdiFile FileOf(VdiUuid vdi, DiskFormat format) => new(path, vdi, format);

    /// <summary>Reads the state of one file; <c>null</c> when it is not there.</summary>
    public VdiState? TryRead(VdiFile file) => _reader.TryRead(file);

    /// <summary>Lists all disks, ordered by UUID. What has not the name of a disk is passed over.</summary>
    public IReadOnlyList<VdiState> Scan(CancellationToken cancellationToken)
    {
        var found = new Dictionary<VdiUuid, VdiState>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (VdiFile.TryParse(entry, out var file) && _reader.TryRead(file) is { } state)
                found[file.Uuid] = found.ContainsKey(file.Uuid) ? Ambiguous(file) : state;
        }

        return [.. found.Values.OrderBy(vdi => vdi.Uuid.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>Finds a disk that can be used.</summary>
    /// <exception cref="XenApi.XenApiException">It is not there, or cannot be used.</exception>
    public (VdiFile File, VdiState State) Find(VdiUuid vdi)
    {
        RequireExists();
        var qcow2 = FileOf(vdi, DiskFormat.Qcow2);
        var raw = FileOf(vdi, DiskFormat.Raw);
        var (file, state) = (_reader.TryRead(qcow2), _reader.TryRead(raw)) switch
        {
            ({ } first, null) => (qcow2, first),
            (null, { } second) => (raw, second),
            ({ }, { }) => (qcow2, Ambiguous(qcow2)),
            (null, null) => throw SrFailure.NoSuchVdi(uuid, vdi, path),
        };
        return state.Unreadable is null ? (file, state) : throw SrFailure.Unreadable(vdi, file.FullPath, state.Unreadable);
    }

    /// <summary>The files of a disk, readable or not: none, one, or both if somebody has put two there.</summary>
    public IReadOnlyList<VdiFile> FilesOf(VdiUuid vdi)
    {
        RequireExists();
        return [.. new[] { FileOf(vdi, DiskFormat.Qcow2), FileOf(vdi, DiskFormat.Raw) }.Where(file => Posix.TryGetStatus(file.FullPath) is not null)];
    }

    /// <summary>Checks that the directory is still there, and is one: storage can vanish under an attached SR.</summary>
    /// <returns>What it is.</returns>
    public FileStatus RequireExists()
    {
        var status = Posix.TryGetStatus(path);
        if (status is { IsDirectory: true } found)
            return found;
        throw SrFailure.Backend(SrFailure.SrUnavailable, status is { IsLink: true }
            ? $"{path} is a symbolic link, which is not followed: put the directory of the SR there."
            : $"The directory {path} of SR {uuid} is not there: check that the storage is mounted and complete.");
    }

    /// <summary>Checks that it is the SR's directory still, and not the empty one below it that is left when the storage has been unmounted.</summary>
    public void RequireMounted()
    {
        var device = RequireExists().Device;
        if (_device != 0 && device != _device && !Directory.EnumerateFileSystemEntries(path).Any(e => VdiFile.TryParse(e, out _)))
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"The directory {path} of SR {uuid} lies on another file system than before, and has no disk: mount the storage again. If this is where the SR is to be, unplug and plug its PBD.");
        }

        _device = device;
    }

    /// <summary>
    /// Takes away what others may do in a directory that was made before, by hand or by another program: metadata volumes hold hashes of
    /// passwords. The group that an administrator has given a disk to keeps it.
    /// </summary>
    /// <exception cref="XenApi.XenApiException">Others can read metadata, and that can't be changed.</exception>
    public void CloseToOthers()
    {
        TryClose(path, LookOrWrite);
        foreach (var entry in Directory.EnumerateFiles(path))
        {
            if (!VdiFile.TryParse(entry, out var file) || Posix.TryGetStatus(entry) is not { IsFile: true } status || (status.Permissions & GroupAndOthers) == 0)
                continue;
            var isMetadata = _reader.TryRead(file)?.Type == VdiType.Metadata;
            if (!TryClose(entry, isMetadata ? GroupAndOthers : Others) && isMetadata)
                throw SrFailure.Backend(SrFailure.SrUnavailable, $"{entry} holds metadata with hashes of passwords, others can read it, and that can't be changed: give it to the daemon's user.");
        }
    }

    private static bool TryClose(string path, int bits)
    {
        try
        {
            using var handle = Posix.OpenForReading(path);
            var mode = Posix.GetStatus(handle, path).Permissions;
            if ((mode & bits) != 0)
                Posix.SetMode(handle, (uint)(mode & ~bits), path);
            return true;
        }
        catch (IOException)
        {
            // Of somebody else, or on a file system without permissions. Whether that matters the caller knows.
            return false;
        }
    }

    private static VdiState Ambiguous(VdiFile file)
        => VdiFileReader.Unreadable(
            file, Posix.TryGetStatus(file.FullPath) ?? default, $"there is also {file.Twin.FullPath}; move one of the two away");
}
