using System.Security.Cryptography;
using System.Text;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// A folder of images that others made, which are disks of an SR where they lie and as they are called. Reads only.
/// </summary>
/// <remarks>
/// Nothing is written down about them: the UUID of such a disk follows from the SR's and the name of its file, so that it is the same one
/// in a mirror of the folder, and another one when it is called otherwise. Links, and what is hidden, are no images.
/// </remarks>
internal sealed class ImageFolder(SrUuid sr, string path)
{
    private static ReadOnlySpan<byte> Qcow2Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xfb];

    /// <summary>The images, in no order.</summary>
    public IEnumerable<VdiFile> List()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            if (Read(Path.GetFileName(entry)) is { } file)
                yield return file;
        }
    }

    /// <summary>The image of a disk; <c>null</c> when there is none.</summary>
    public VdiFile? Find(VdiUuid vdi)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(path))
        {
            if (UuidOf(sr, Path.GetFileName(entry)) == vdi)
                return Read(Path.GetFileName(entry));
        }

        return null;
    }

    /// <summary>The disk that an image of an SR's folder is.</summary>
    public static VdiUuid UuidOf(SrUuid sr, string name)
    {
        // RFC 9562, version 5: by a name in the SR's own space of names.
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The standard says so; nothing is protected by it.
        SHA1.HashData([.. sr.Value.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(name)], hash);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new(new Guid(hash[..16], bigEndian: true));
    }

    /// <summary>Whether an image can be called so. What can't be spelt in UTF-8 could not be found again by its name.</summary>
    public static bool MayBeName(string name) =>
        name.Length > 0 && name[0] != '.' && !name.Contains('\ufffd', StringComparison.Ordinal) && !name.Any(char.IsControl);

    // The name says what an image is, as far as it says anything; else its first bytes do. Those of a raw disk are its guest's to write:
    // which format a VM's disk has its definition says too, and whoever starts the VM compares the two.
    private VdiFile? Read(string name)
    {
        if (!MayBeName(name) || Posix.TryGetStatus(Path.Combine(path, name)) is not { IsFile: true })
            return null;
        DiskFormat? format = Path.GetExtension(name) switch
        {
            ".qcow2" => DiskFormat.Qcow2,
            ".raw" => DiskFormat.Raw,
            ".img" => IsQcow2(name) ? DiskFormat.Qcow2 : DiskFormat.Raw,
            _ => IsQcow2(name) ? DiskFormat.Qcow2 : null,
        };
        return format is { } known ? new(path, UuidOf(sr, name), known) { Name = name } : null;
    }

    private bool IsQcow2(string name)
    {
        try
        {
            using var handle = Posix.OpenWithoutLinks(Path.Combine(path, name));
            Span<byte> first = stackalloc byte[4];
            return RandomAccess.Read(handle, first, 0) == first.Length && first.SequenceEqual(Qcow2Magic);
        }
        catch (IOException)
        {
            return false; // Gone, or somebody's who lets nobody look: no image that could be used.
        }
    }
}
