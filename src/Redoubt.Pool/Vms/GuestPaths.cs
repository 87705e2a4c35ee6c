using System.Text;

namespace Redoubt.Pool;

/// <summary>Where on this host the files of a guest lie.</summary>
/// <param name="ConsoleLog">What the guest writes to its first serial port.</param>
/// <param name="SerialSocket">That port, to read and to type; null if the daemon's directory is too long for a socket.</param>
/// <param name="VncSocket">Its screen; null likewise.</param>
/// <param name="AgentSocket">The channel of its agent; null likewise.</param>
/// <param name="Variables">What its firmware keeps, if that is UEFI.</param>
internal sealed record GuestPaths(string ConsoleLog, string? SerialSocket, string? VncSocket, string? AgentSocket, string Variables)
{
    /// <summary><c>sun_path</c> holds 108 bytes with the closing NUL.</summary>
    private const int SocketPathBytesMax = 107;

    /// <summary>The paths of a VM below the daemon's directory.</summary>
    public static GuestPaths Of(string dataDirectory, Guid vm)
    {
        var root = Path.GetFullPath(dataDirectory);
        return new(
            Path.Combine(root, "consoles", $"{vm:D}.log"), Socket(root, "tty", vm), Socket(root, "vnc", vm), Socket(root, "agent", vm),
            Path.Combine(root, "nvram", $"{vm:D}.fd"));
    }

    // The embedded hypervisor refuses a directory this long anyhow; with another one the guest runs without them, and a message says so.
    private static string? Socket(string root, string folder, Guid vm)
    {
        var path = Path.Combine(root, folder, $"{vm:D}.sock");
        return Encoding.UTF8.GetByteCount(path) <= SocketPathBytesMax ? path : null;
    }
}
