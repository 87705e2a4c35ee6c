namespace Redoubt.Inspection;

/// <summary>Unpacks a compressed metadata volume. Its zeros, which are nearly all of it, take no place.</summary>
internal static class PackedVolume
{
    /// <summary>How long an unpacked volume may be: xapi's and ours are a little shorter.</summary>
    public const long MostBytes = 4L << 30;

    /// <summary>How much of that may be other than zero: two halves and a history are far below.</summary>
    public const long MostContentBytes = 1L << 30;

    private const int BlockBytes = 1 << 20;

    /// <exception cref="InvalidDataException">The compression is damaged, or there is too much in it.</exception>
    /// <exception cref="IOException">The place is full.</exception>
    public static void Unpack(Stream packed, FileStream into, long mostBytes = MostBytes, long mostContentBytes = MostContentBytes)
    {
        var block = new byte[BlockBytes];
        long length = 0, content = 0;
        int read;
        while ((read = packed.ReadAtLeast(block, block.Length, throwOnEndOfStream: false)) > 0)
        {
            if ((length += read) > mostBytes)
            {
                throw new InvalidDataException($"it unpacks to more than {mostBytes >> 20} MiB, and no metadata volume is so large");
            }

            if (!block.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                continue;
            }

            if ((content += read) > mostContentBytes)
            {
                throw new InvalidDataException(
                    $"it holds more than {mostContentBytes >> 20} MiB that are not zero, and no metadata volume does");
            }

            into.Position = length - read;
            into.Write(block, 0, read);
        }

        into.SetLength(length);
        into.Flush();
    }
}
