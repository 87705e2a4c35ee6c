using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Redoubt.Compute;

/// <summary>The three calls of the kernel that make, switch and remove a bridge; they work without any program being installed.</summary>
internal static unsafe partial class BridgeControl
{
    /// <summary>The process may not.</summary>
    public const int NotPermitted = 1;

    /// <summary>There is an interface of this name.</summary>
    public const int AlreadyThere = 17;

    /// <summary>The kernel has no bridges.</summary>
    public const int NotKnown = 65;

    private const nuint AddBridge = 0x89a0;
    private const nuint DeleteBridge = 0x89a1;
    private const nuint GetFlags = 0x8913;
    private const nuint SetFlags = 0x8914;
    private const int NameBytes = 16;
    private const short Up = 1;

    /// <summary>Makes a bridge.</summary>
    /// <returns>0, or the number of the error.</returns>
    public static int Make(string name)
    {
        short none = 0;
        return Call(name, AddBridge, ref none);
    }

    /// <summary>Removes a bridge that is down.</summary>
    public static void Remove(string name)
    {
        short none = 0;
        Require(Call(name, DeleteBridge, ref none), name, "removed");
    }

    /// <summary>Switches an interface on or off.</summary>
    public static void Set(string name, bool isUp)
    {
        short flags = 0;
        Require(Call(name, GetFlags, ref flags), name, "looked at");
        flags = (short)(isUp ? flags | Up : flags & ~Up);
        Require(Call(name, SetFlags, ref flags), name, isUp ? "switched on" : "switched off");
    }

    private static void Require(int error, string name, string what)
    {
        if (error != 0)
            throw new IOException($"The bridge {name} can't be {what}: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    private static int Call(string name, nuint request, ref short flags)
    {
        // struct ifreq: the name at 0, the flags at 16, 40 bytes in all. For a bridge's own calls the name alone counts.
        var argument = stackalloc byte[40];
        new Span<byte>(argument, 40).Clear();
        Encoding.ASCII.GetBytes(name).AsSpan().CopyTo(new Span<byte>(argument, NameBytes - 1));
        *(short*)(argument + NameBytes) = flags;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        if (Control(socket.SafeHandle, request, argument) != 0)
            return Marshal.GetLastPInvokeError();
        flags = *(short*)(argument + NameBytes);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeSocketHandle socket, nuint request, byte* argument);
}
