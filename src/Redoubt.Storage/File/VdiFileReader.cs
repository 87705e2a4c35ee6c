using Redoubt.Storage.Images;
using Redoubt.Storage.Vhd;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// Finds out what a disk's file is by reading its first bytes, without starting a process and without trusting the file.
/// </summary>
/// <remarks>
/// An SR may come from a mirror that was cut in the middle, or from an attacker. So links are not followed, pipes and devices are not
/// opened, and an image that would lead QEMU to a file outside is reported as unreadable.
/// </remarks>
internal sealed class VdiFileReader(string? backingDirectory)
{
    /// <summary>Reads one disk.</summary>
    /// <returns><c>null</c> when there is no such file (any more).</returns>
    public VdiState? TryRead(VdiFile file) => TryRead(file, null)?.State;

    /// <summary>Reads one disk, and its first bytes only if they may be others than before.</summary>
    /// <param name="file">The disk.</param>
    /// <param name="before">What the same file was when it was read before, or null.</param>
    public SeenVdi? TryRead(VdiFile file, SeenVdi? before)
    {
        if (Posix.TryGetStatus(file.FullPath) is not { } status)
            return null;
        if (before?.Now(status) is { } same)
            return same;
        return Read(file, status) is { } state ? SeenVdi.Of(state, status, before) : null;
    }

    private VdiState? Read(VdiFile file, FileStatus status)
    {
        if (!status.IsFile)
        {
            return Unreadable(file, status, status.IsLink
                ? "it is a symbolic link, which is not followed; put the file itself there"
                : "it is not a regular file");
        }

        try
        {
            if (file.Format == DiskFormat.Vhd)
                return new VhdFolder(file.Directory).Look(file);
            using var handle = Posix.OpenWithoutLinks(file.FullPath);
            Span<byte> buffer = stackalloc byte[Qcow2HeaderParser.PrefixBytes];
            var wanted = file.Format == DiskFormat.Raw ? buffer[..RedoLogMagic.Magic.Length] : buffer;
            var prefix = wanted[..RandomAccess.Read(handle, wanted, 0)];
            return file.Format == DiskFormat.Raw ? ReadRaw(file, status, prefix) : ReadQcow2(file, status, prefix);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (VhdException e)
        {
            return Unreadable(file, status, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unreadable(file, status, e.Message);
        }
    }

    /// <summary>Makes a state that says why the disk can't be used.</summary>
    public static VdiState Unreadable(VdiFile file, FileStatus status, string reason) => new()
    {
        Uuid = file.Uuid,
        Type = VdiType.User,
        Format = file.Format,
        VirtualSizeBytes = 0,
        PhysicalUtilisationBytes = status.AllocatedBytes,
        Name = file.Name,
        Unreadable = $"{file.FullPath}: {reason}",
    };

    private static VdiState ReadRaw(VdiFile file, FileStatus status, ReadOnlySpan<byte> prefix)
        => status.Bytes == 0
            ? Unreadable(file, status, "the file is empty")
            : Readable(file, status, file.Name is null ? RedoLogMagic.TypeOf(prefix) : VdiType.User, status.Bytes);

    private VdiState ReadQcow2(VdiFile file, FileStatus status, ReadOnlySpan<byte> prefix)
    {
        var result = Qcow2HeaderParser.Parse(prefix, status.Bytes);
        if (!result.IsSound)
            return Unreadable(file, status, result.Problem);
        var problem = FindReference(result.Header);
        return problem is null
            ? Readable(file, status, VdiType.User, result.Header.VirtualSizeBytes)
            : Unreadable(file, status, problem);
    }

    private string? FindReference(Qcow2Header header)
    {
        if (header.IsEncrypted)
            return "it is encrypted, and there is no key";
        if (header.HasExternalDataFile)
            return "its data lies in another file, which is not followed";
        if (header.BackingFile is not { } backing)
            return null;
        if (backingDirectory is null)
            return $"it builds on the file '{backing}', which is not followed; disks of this SR must stand alone";

        // Only the very spelling that a writable clone gets. A prefix check alone would let '..' and links through.
        if (BackingIn(backingDirectory, backing, header.BackingFormat) is not { } file)
            return $"it builds on the file '{backing}', which is not a disk in {backingDirectory}";
        if (header.BackingFormat != DiskFormatName.Of(file.Format))
            return $"it does not say that '{backing}' has the format {DiskFormatName.Of(file.Format)}, and formats are not guessed";

        // The source must stand alone itself: chains end after one step.
        var source = new VdiFileReader(null).TryRead(file);
        if (source is null)
            return $"it builds on '{backing}', which is gone";
        return source.Unreadable is null ? null : $"it builds on a disk that cannot be used: {source.Unreadable}";
    }

    // A disk of the SR, or an image of the folder around it.
    private static VdiFile? BackingIn(string directory, string backing, string? format)
    {
        if (VdiFile.TryParse(backing, out var file) && file.Directory == directory && file.FullPath == backing)
            return file.Format == DiskFormat.Vhd ? null : file;
        var isImage = Path.GetDirectoryName(directory) is { } folder
            && Path.Combine(folder, Path.GetFileName(backing)) == backing && ImageFolder.MayBeName(Path.GetFileName(backing));
        var claimed = format == DiskFormatName.Of(DiskFormat.Qcow2) ? DiskFormat.Qcow2 : DiskFormat.Raw;
        return !isImage ? null : new(Path.GetDirectoryName(backing)!, default, claimed)
        {
            Name = Path.GetFileName(backing),
        };
    }

    private static VdiState Readable(VdiFile file, FileStatus status, VdiType type, long virtualSizeBytes) => new()
    {
        Uuid = file.Uuid,
        Type = type,
        Format = file.Format,
        VirtualSizeBytes = virtualSizeBytes,
        PhysicalUtilisationBytes = status.AllocatedBytes,
        Name = file.Name,
    };
}
