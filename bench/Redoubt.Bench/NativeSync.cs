using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Bench;

/// <summary>The limit that durable writing is measured against.</summary>
internal static partial class NativeSync
{
    public static void FlushData(SafeFileHandle file)
    {
        if (FDataSync(file) != 0)
        {
            throw new IOException($"fdatasync failed with error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
