using Microsoft.Win32.SafeHandles;
using Redoubt.Storage.Vhd;

namespace Redoubt.Storage.FileDriver;

/// <summary>A file of a chain, open for reading.</summary>
/// <param name="File">Its name.</param>
/// <param name="Handle">The open file.</param>
/// <param name="Status">What it is.</param>
/// <param name="Footer">What it says of itself; null of a raw disk, which says nothing.</param>
/// <param name="Header">What it says of its blocks and its parent; null if it has neither.</param>
internal sealed record VhdFile(VdiFile File, SafeFileHandle Handle, FileStatus Status, VhdFooter? Footer, VhdHeader? Header)
{
    /// <summary>Opens a file, which may be of anybody's making, and reads what it says of itself.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="VhdException">It can't be used.</exception>
    public static VhdFile Open(VdiFile file)
    {
        var handle = Posix.OpenWithoutLinks(file.FullPath);
        try
        {
            var status = Posix.GetStatus(handle, file.FullPath);
            if (!status.IsFile)
                throw new VhdException("it is not a regular file");
            if (file.Format == DiskFormat.Raw)
                return new(file, handle, status, null, null);
            var footer = VhdFooter.Read(handle, status.Bytes);
            if (footer.Kind == VhdKind.Fixed && footer.VirtualSizeBytes > status.Bytes - VhdFooter.Length)
                throw new VhdException("it is cut short: its disk is larger than the file");
            return new(
                file, handle, status, footer, footer.Kind == VhdKind.Fixed ? null : VhdHeader.Read(handle, status.Bytes, footer));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The part of the disk that it has; the handle is the layer's then.</summary>
    public VhdLayer ToLayer() => Header is null
        ? VhdLayer.Flat(Handle, File.FullPath, Footer?.VirtualSizeBytes ?? Status.Bytes)
        : VhdLayer.InBlocks(Handle, File.FullPath, Status.Bytes, Footer!, Header);
}
