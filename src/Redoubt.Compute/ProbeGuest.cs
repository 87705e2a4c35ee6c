namespace Redoubt.Compute;

/// <summary>
/// A guest of one sector that does nothing but answer: it writes <see cref="Answer"/> to QEMU's exit device.
/// </summary>
internal static class ProbeGuest
{
    internal const byte Answer = 0x2a;

    /// <summary>What QEMU exits with on the answer: <c>isa-debug-exit</c> doubles the value and adds one.</summary>
    internal const int ExitCode = (Answer << 1) | 1;

    internal const ushort Port = 0x501;

    /// <summary>Large enough for SeaBIOS to take it for a disk.</summary>
    internal static byte[] DiskImage()
    {
        var image = new byte[1024 * 1024];
        ReadOnlySpan<byte> code =
        [
            0xba, Port & 0xff, Port >> 8, // mov dx, Port
            0xb0, Answer, //                 mov al, Answer
            0xee, //                         out dx, al
            0xf4, //                         hlt
            0xeb, 0xfd, //                   jmp to the hlt
        ];
        code.CopyTo(image);
        image[510] = 0x55;
        image[511] = 0xaa;
        return image;
    }
}
