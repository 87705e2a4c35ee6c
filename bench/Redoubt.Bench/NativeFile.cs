using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Bench;

/// <summary>What .NET lacks: the flush that durable writing is measured against, and hard links.</summary>
internal static partial class NativeFile
{
    public static void FlushData(SafeFileHandle file)
    {
        if (FDataSync(file) != 0)
        {
            throw new IOException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    public static void Link(string existing, string name)
    {
        if (HardLink(existing, name) != 0)
        {
            throw new IOException($"link {existing} {name} failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int HardLink(string existing, string name);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
