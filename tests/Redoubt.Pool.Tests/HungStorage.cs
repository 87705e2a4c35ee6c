using System.Runtime.InteropServices;

namespace Redoubt.Pool.Tests;

/// <summary>
/// Storage that does not fail but hangs, as a network file system does whose server is gone: a file system is mounted over a directory that
/// nobody serves. When this is disposed of, what hung fails, and the directory is as it was.
/// </summary>
internal sealed partial class HungStorage : IDisposable
{
    private const int ReadWrite = 2 | 0x80000; // O_RDWR, O_CLOEXEC
    private const int Detach = 2; // MNT_DETACH
    private readonly string _directory;
    private int _device;

    private HungStorage(string directory, int device) => (_directory, _device) = (directory, device);

    /// <summary>Has a directory hang. Skips the test where that can't be had.</summary>
    public static HungStorage Over(string directory)
    {
        var device = Open("/dev/fuse", ReadWrite);
        if (device < 0 || Mount("redoubt-hung", directory, "fuse", 0, $"fd={device},rootmode=40000,user_id=0,group_id=0") != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (device >= 0)
            {
                _ = Close(device);
            }

            Assert.Skip($"A file system that hangs takes /dev/fuse and the right to mount (error {error}).");
        }

        return new HungStorage(directory, device);
    }

    public void Dispose()
    {
        if (_device >= 0)
        {
            _ = Unmount(_directory, Detach);
            _ = Close(_device);
            _device = -1;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
