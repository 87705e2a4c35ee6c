namespace Redoubt.Storage.Images;

/// <summary>What the content of a disk is known to have of zeros without reading them.</summary>
public static class Holes
{
    /// <summary>Passes over zeros that a disk is known to go on with, as its SR gives it to be read.</summary>
    /// <param name="disk">The disk, where it is read next.</param>
    /// <param name="unitBytes">What is passed over is a multiple of this.</param>
    /// <returns>How many bytes were passed over; 0 where nothing is known.</returns>
    public static long Skip(Stream disk, int unitBytes)
    {
        switch (disk)
        {
            case Qcow2Content image:
                return image.Skip(image.ZerosAhead / unitBytes * unitBytes);
            case FileStream { CanSeek: true } file:
                var data = Posix.FindData(file.SafeFileHandle, file.Position) ?? file.Length;
                var skipped = (data - file.Position) / unitBytes * unitBytes;
                if (skipped > 0)
                    file.Seek(skipped, SeekOrigin.Current);
                return skipped;
            default:
                return 0;
        }
    }
}
