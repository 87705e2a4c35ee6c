using System.Runtime.InteropServices;

namespace Redoubt.Compute;

/// <summary>Whether something keeps this host's clock right, as the kernel has been told.</summary>
public static partial class HostClock
{
    private const int NotSynchronised = 5;

    // struct timex, and room for what it may grow by.
    private const int StatusBytes = 512;

    /// <summary>Whether it is; asks, and changes nothing.</summary>
    public static bool IsSynchronised() => AdjustTime(new byte[StatusBytes]) is >= 0 and not NotSynchronised;

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime(Span<byte> status);
}
