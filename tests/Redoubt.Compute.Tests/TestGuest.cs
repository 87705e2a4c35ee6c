using Redoubt.Storage;
using System.Text;

namespace Redoubt.Compute.Tests;

/// <summary>Guests of one sector: they say something on the serial port, and then do one thing.</summary>
internal static class TestGuest
{
    /// <summary>Sleeps for ever: <c>hlt; jmp</c> back.</summary>
    internal static readonly byte[] Halts = [0xf4, 0xeb, 0xfd];

    /// <summary>
    /// Switches itself off: S5 to the PM1a control port of the PIIX4. <c>mov dx,604h; mov ax,2000h; out dx,ax; hlt; jmp</c> back.
    /// </summary>
    internal static readonly byte[] SwitchesOff = [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd];

    /// <summary>Restarts itself through the keyboard controller: <c>mov al,0feh; out 64h,al; hlt; jmp</c> back.</summary>
    internal static readonly byte[] Restarts = [0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd];

    internal static string WriteDisk(string path, string text, byte[]? then = null)
    {
        const int TextAt = 0x60;
        byte[] code =
        [
            0x31, 0xc0, 0x8e, 0xd8, //             xor ax,ax; mov ds,ax
            0xbe, TextAt, 0x7c, 0xfc, //           mov si,text; cld
            0xac, 0x84, 0xc0, 0x74, 0x06, //       next: lodsb; test al,al; jz done
            0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5, // mov dx,3f8h; out dx,al; jmp next
            .. then ?? Halts,
        ];
        var image = new byte[1024 * 1024];
        code.CopyTo(image, 0);
        Encoding.ASCII.GetBytes(text + "\r\n\0").CopyTo(image, TextAt);
        image[510] = 0x55;
        image[511] = 0xaa;

        // In place: a guest that starts again meanwhile finds the one or the other, and never a disk without a boot sector.
        using var disk = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        RandomAccess.Write(disk, image, 0);
        return path;
    }

    internal static DomainConfig Config(Guid uuid, string disk, string? console) => new()
    {
        Uuid = uuid,
        Name = "a guest",
        MemoryMaxBytes = 32 << 20,
        Vcpus = 1,
        Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File(disk, DiskFormat.Raw) }],
        ConsoleLogPath = console,
    };
}
