using Microsoft.Win32.SafeHandles;
using Redoubt.XenApi;

namespace Redoubt.Storage.LvmDriver;

/// <summary>The bytes of a disk, read from the device that shows them, which is let go with the stream.</summary>
/// <param name="device">The device.</param>
/// <param name="sizeBytes">The size of the disk.</param>
internal sealed class DeviceStream(VdiDevice device, long sizeBytes) : ForwardStream
{
    private readonly SafeFileHandle _handle = File.OpenHandle(
        device.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private long _at;

    public override int Read(Span<byte> buffer)
    {
        var count = RandomAccess.Read(_handle, buffer[..(int)Math.Min(buffer.Length, sizeBytes - _at)], _at);
        _at += count;
        return count;
    }

    public override async ValueTask DisposeAsync()
    {
        _handle.Dispose();
        await device.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();

            // Whoever can't wait for it has it let go behind him.
            _ = Task.Run(() => device.DisposeAsync().AsTask());
        }

        base.Dispose(disposing);
    }
}
