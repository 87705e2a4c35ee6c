using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>A libvirt call failed; the text is libvirt's own.</summary>
internal sealed class LibvirtException : Exception
{
    internal LibvirtException(LibvirtError error, string message)
        : base(message) => Error = error;

    internal LibvirtError Error { get; }

    /// <summary>The last error of this very thread; ask before making any other libvirt call.</summary>
    internal static LibvirtException Last()
    {
        var error = (LibvirtError)Native.GetLastErrorCode();
        var text = Marshal.PtrToStringUTF8(Native.GetLastErrorMessage());
        return new LibvirtException(error, string.IsNullOrEmpty(text) ? "libvirt reported a failure without a text" : text);
    }

    /// <summary>Passes a call's result on, or throws when it is libvirt's "failed" (negative).</summary>
    internal static int Check(int result) => result < 0 ? throw Last() : result;

    /// <summary>Passes a call's handle on, or throws when there is none.</summary>
    internal static T Check<T>(T handle)
        where T : SafeHandle
    {
        if (!handle.IsInvalid)
            return handle;
        var failure = Last();
        handle.Dispose();
        throw failure;
    }

    /// <summary>Passes a call's text on, or throws when there is none.</summary>
    internal static string Check(string? text) => text ?? throw Last();
}
