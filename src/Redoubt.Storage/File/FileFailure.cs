using Redoubt.Storage.Images;

namespace Redoubt.Storage.FileDriver;

/// <summary>Says what a failed file operation means to an operator.</summary>
internal static class FileFailure
{
    /// <summary>Runs a file operation and translates its failures; other exceptions pass, and so does the sender's.</summary>
    public static async Task<T> TranslateAsync<T>(string path, Func<Task<T>> operation, WatchedStream? sender = null)
    {
        try
        {
            return await operation();
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !ReferenceEquals(e, sender?.Failure))
        {
            throw Explain(e, path);
        }
    }

    private static XenApi.XenApiException Explain(Exception e, string path) => e switch
    {
        { HResult: Posix.NoSpace or Posix.QuotaExceeded } => SrFailure.Backend(
            SrFailure.NoSpace, $"The storage at {path} is full: free space or enlarge it, then repeat.", e),
        { HResult: Posix.ReadOnlyFileSystem } => SrFailure.Backend(
            SrFailure.SrUnavailable, $"The storage at {path} is mounted read-only: remount it writable, or attach the SR read-only.", e),
        FileNotFoundException or DirectoryNotFoundException => SrFailure.Backend(
            SrFailure.VdiUnavailable,
            $"A file at {path} is gone: check that the storage is mounted and complete, then scan the SR. ({e.Message})", e),
        UnauthorizedAccessException => SrFailure.Backend(
            SrFailure.SrUnavailable, $"The storage at {path} refuses access: check owner and permissions. ({e.Message})", e),
        _ => SrFailure.Backend(
            SrFailure.InputOutput, $"The storage at {path} failed: check its health and the kernel's log. ({e.Message})", e),
    };
}
