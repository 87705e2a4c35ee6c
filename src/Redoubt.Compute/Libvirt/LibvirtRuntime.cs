using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>
/// libvirt inside this process: loaded once, quiet, with its event loop running.
/// </summary>
/// <remarks>
/// libvirt's embedded QEMU driver talks to its guests through the event loop of the process, so the loop must be registered before
/// the first connection is opened, and it must keep running as long as the process does.
/// </remarks>
internal static unsafe class LibvirtRuntime
{
    private static readonly Lock Gate = new();
    private static bool _started;

    /// <summary>Loads and starts libvirt, once per process; later calls do nothing.</summary>
    /// <param name="logFile">Where libvirt's own warnings go; <see langword="null"/> drops them, and errors become exceptions
    /// anyway.</param>
    /// <exception cref="HypervisorException">libvirt is not installed.</exception>
    internal static void Start(string? logFile)
    {
        lock (Gate)
        {
            if (_started)
                return;
            RequireLibrary(Native.Library);

            // libvirt reads this from the C environment during its initialisation, where .NET's copy of the environment is not seen.
            // An operator's own setting wins. Its grammar splits at blanks, so a path with one can't be said.
            if (logFile is not null && !logFile.Any(char.IsWhiteSpace))
                _ = Native.SetEnvironment("LIBVIRT_LOG_OUTPUTS", $"3:file:{logFile}", overwrite: 0);
            else
                _ = Native.SetEnvironment("LIBVIRT_DEBUG", "4", overwrite: 0); // Errors only: its default prints a warning per guest.

            LibvirtException.Check(Native.Initialize());
            Native.SetErrorFunc(0, &Ignore); // Every error becomes an exception with the same text; libvirt's default prints it as well.
            LibvirtException.Check(Native.EventRegisterDefaultImpl());
            new Thread(RunEvents) { IsBackground = true, Name = "libvirt events" }.Start();
            _started = true;
        }
    }

    /// <summary>Fails, with the package to install, when a shared library cannot be loaded.</summary>
    internal static void RequireLibrary(string name)
    {
        if (NativeLibrary.TryLoad(name, out _))
            return;
        throw new HypervisorException(
            HypervisorFailure.LibraryMissing,
            name,
            $"The library {name} cannot be loaded, so no virtual machine can be run on this host.",
            "Install it (Debian and Ubuntu: apt-get install libvirt0 libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils).");
    }

    private static void RunEvents()
    {
        while (true)
        {
            // libvirt documents no recoverable failure here, and without the loop every guest would look frozen: better to fall than to
            // stall.
            if (Native.EventRunDefaultImpl() < 0)
                throw LibvirtException.Last();
        }
    }

    [UnmanagedCallersOnly]
    private static void Ignore(nint userData, nint error)
    {
    }
}
