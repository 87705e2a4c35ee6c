using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// The directory of one SR, seen as disks; with it, where there is one, the folder whose images are the SR's. Reads only.
/// </summary>
internal sealed class SrDirectory(SrUuid uuid, string path, string? backingDirectory, ImageFolder? folder = null)
{
    private const int GroupAndOthers = 0x3f;
    private const int Others = 0x7;
    private const int LookOrWrite = 0x36;

    // Fewer are read one after the other faster than threads are made.
    private const int FewFiles = 64;
    private const int AtOnce = 8;

    private readonly VdiFileReader _reader = new(backingDirectory);

    // What the last scan found; replaced whole. What builds on another file is what it is by that one too, and read anew each time.
    private Dictionary<VdiFile, SeenVdi> _seen = [];

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
        var files = new List<VdiFile>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            if (VdiFile.TryParse(entry, out var file))
                files.Add(file);
        }

        files.AddRange(folder?.List() ?? []);
        var (before, now) = (Volatile.Read(ref _seen), new SeenVdi?[files.Count]);
        ReadAll(files, before, now, cancellationToken);
        var (seen, found) = (new Dictionary<VdiFile, SeenVdi>(files.Count), new Dictionary<VdiUuid, VdiState>(files.Count));
        foreach (var (i, file) in files.Index())
        {
            if (now[i] is not { } read)
                continue;
            if (backingDirectory is null && read.State.Parent is null)
                seen[file] = read;
            found[file.Uuid] = found.ContainsKey(file.Uuid) ? Ambiguous(FilesOf(file.Uuid)) : read.State;
        }

        Volatile.Write(ref _seen, seen);
        return [.. found.Values.OrderBy(vdi => vdi.Uuid.ToString(), StringComparer.Ordinal)];
    }

    // Over a network each look is a wait, so several are made at once. On threads of their own, as whatever may wait for storage is.
    private void ReadAll(List<VdiFile> files, Dictionary<VdiFile, SeenVdi> before, SeenVdi?[] now, CancellationToken cancellationToken)
    {
        var (next, failure) = (-1, (Exception?)null);
        var helpers = Enumerable.Range(1, files.Count < FewFiles ? 0 : AtOnce - 1).Select(
            _ => new Thread(Read) { IsBackground = true }).ToList();
        helpers.ForEach(h => h.Start());
        Read();
        helpers.ForEach(h => h.Join());
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);

        void Read()
        {
            try
            {
                while (Interlocked.Increment(ref next) is var i && i < files.Count && Volatile.Read(ref failure) is null)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    now[i] = _reader.TryRead(files[i], before.GetValueOrDefault(files[i]));
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        }
    }

    /// <summary>Finds a disk that can be used.</summary>
    /// <exception cref="XenApi.XenApiException">It is not there, or cannot be used.</exception>
    public (VdiFile File, VdiState State) Find(VdiUuid vdi)
    {
        RequireExists();
        var (file, state) = FilesOf(vdi) switch
        {
            [] => throw SrFailure.NoSuchVdi(uuid, vdi, path),
            [var only] => (only, _reader.TryRead(only) ?? throw SrFailure.NoSuchVdi(uuid, vdi, path)),
            [var first, ..] several => (first, Ambiguous(several)),
        };
        return state.Unreadable is null ? (file, state) : throw SrFailure.Unreadable(vdi, file.FullPath, state.Unreadable);
    }

    /// <summary>The files of a disk, readable or not: none, one, or several if somebody has put them there.</summary>
    public IReadOnlyList<VdiFile> FilesOf(VdiUuid vdi)
    {
        RequireExists();
        return
        [
            .. FileOf(vdi, default).InAnyFormat.Where(file => Posix.TryGetStatus(file.FullPath) is not null),
            .. folder?.Find(vdi) is { } image ? [image] : Array.Empty<VdiFile>(),
        ];
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

    /// <summary>
    /// Checks that it is the SR's directory still, and not the empty one below it that is left when the storage has been unmounted.
    /// </summary>
    public void RequireMounted()
    {
        var device = RequireExists().Device;
        if (_device != 0 && device != _device && !Directory.EnumerateFileSystemEntries(path).Any(e => VdiFile.TryParse(e, out _)))
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"The directory {path} of SR {uuid} lies on another file system than before, and has no disk: mount the storage again. If "
                    + "this is where the SR is to be, unplug and plug its PBD.");
        }

        _device = device;
    }

    /// <summary>
    /// Checks that it is not XenServer's, which may come back to it: its disks are not what they were once another of the chain is written.
    /// </summary>
    public void RequireOurs()
    {
        if (Directory.EnumerateFiles(path, "*.vhd").Any(e => VdiFile.TryParse(e, out _)))
            throw SrFailure.Foreign(uuid, path);
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
            if (!VdiFile.TryParse(entry, out var file) || Posix.TryGetStatus(entry) is not { IsFile: true } status)
                continue;

            // What is not raw holds no metadata, and need not be looked into for a group that may read it.
            if ((status.Permissions & (file.Format == DiskFormat.Raw ? GroupAndOthers : Others)) != 0)
                Close(file);
        }
    }

    // What a disk is its content tells: it is opened once to look and to close it.
    private static void Close(VdiFile file)
    {
        var isMetadata = false;
        try
        {
            using var handle = Posix.OpenForReading(file.FullPath);
            Span<byte> first = stackalloc byte[RedoLogMagic.Magic.Length];
            isMetadata = file.Format == DiskFormat.Raw
                && RedoLogMagic.TypeOf(first[..RandomAccess.Read(handle, first, 0)]) == VdiType.Metadata;
            TakeAway(handle, file.FullPath, isMetadata ? GroupAndOthers : Others);
        }
        catch (IOException) when (isMetadata)
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"{file.FullPath} holds metadata with hashes of passwords, others can read it, and that can't be changed: give "
                    + "it to the daemon's user.");
        }
        catch (IOException)
        {
            // Of somebody else, or on a file system without permissions: of a disk that is their matter.
        }
    }

    private static void TryClose(string path, int bits)
    {
        try
        {
            using var handle = Posix.OpenForReading(path);
            TakeAway(handle, path, bits);
        }
        catch (IOException)
        {
            // Likewise.
        }
    }

    private static void TakeAway(SafeFileHandle handle, string path, int bits)
    {
        var mode = Posix.GetStatus(handle, path).Permissions;
        if ((mode & bits) != 0)
            Posix.SetMode(handle, (uint)(mode & ~bits), path);
    }

    private static VdiState Ambiguous(IReadOnlyList<VdiFile> files) => VdiFileReader.Unreadable(
        files[0], Posix.TryGetStatus(files[0].FullPath) ?? default,
        $"there is also {string.Join(" and ", files.Skip(1).Select(f => f.FullPath))}; move all but one away");
}
