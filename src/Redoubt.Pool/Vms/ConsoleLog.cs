using System.Buffers;
using System.Text;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Reads what a guest wrote to its serial port.</summary>
internal static class ConsoleLog
{
    /// <summary>
    /// The key of <c>VM.other_config</c> that says how long the log was, in bytes, when the VM was started last: what comes from
    /// there on is of the guest that runs now.
    /// </summary>
    public const string StartKey = "console-log-start";

    /// <summary>How much one call reads.</summary>
    private const int BytesMax = 1 << 20;

    /// <summary>The most that a log may take, and how much of its end is kept when it takes more: a guest may write without end.</summary>
    public const long BytesMost = 64 << 20;
    public const long BytesKept = 16 << 20;

    /// <summary>How long a log is now; 0 if there is none.</summary>
    public static long Length(string? path) => path is not null && new FileInfo(path) is { Exists: true } log ? log.Length : 0;

    /// <summary>
    /// The text from a byte offset on, at most 1 MiB of it; empty if there is none. Its length in UTF-8 is the number of bytes read, so
    /// that a reader knows where to go on: a byte that belongs to no character becomes a question mark, and a character that is not
    /// there whole is left for the next time.
    /// </summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>: what was there is not kept any more.</exception>
    public static async Task<string> ReadAsync(string path, long offset, CancellationToken cancellationToken)
    {
        await using var file = Open(path);
        if (file is null)
        {
            return "";
        }

        if (GrowingLog.Begin(file.SafeFileHandle) is var begin && offset < begin)
        {
            throw Dropped(offset, begin);
        }

        var length = (int)Math.Clamp(file.Length - offset, 0, BytesMax);
        file.Seek(Math.Min(offset, file.Length), SeekOrigin.Begin);
        var bytes = new byte[length];
        var read = await file.ReadAtLeastAsync(bytes, length, throwOnEndOfStream: false, cancellationToken);

        // Some of it may have been given back meanwhile, and be zeros now.
        return GrowingLog.Begin(file.SafeFileHandle) is var now && offset < now
            ? throw Dropped(offset, now)
            : Decode(bytes.AsSpan(0, read));
    }

    /// <summary>Where what is kept of a log begins, in bytes; 0 if all of it is, or there is none.</summary>
    public static long Begin(string path)
    {
        using var file = Open(path);
        return file is null ? 0 : GrowingLog.Begin(file.SafeFileHandle);
    }

    private static XenApiException Dropped(long offset, long begin) => new(
        "VALUE_NOT_SUPPORTED", "offset", $"{offset}",
        $"The guest has written more than is kept of its console. What is kept begins at byte {begin} (VM.get_console_log_begin).");

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // The VM has not been started here.
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                break;
            }

            _ = status == OperationStatus.Done ? text.Append(rune) : text.Append('?', consumed);
            bytes = bytes[consumed..];
        }

        return text.ToString();
    }
}
