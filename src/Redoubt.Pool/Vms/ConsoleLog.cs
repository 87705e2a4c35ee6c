using System.Buffers;
using System.Text;

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

    /// <summary>How long a log is now; 0 if there is none.</summary>
    public static long Length(string? path) => path is not null && new FileInfo(path) is { Exists: true } log ? log.Length : 0;

    /// <summary>
    /// The text from a byte offset on, at most 1 MiB of it; empty if there is none. Its length in UTF-8 is the number of bytes read, so
    /// that a reader knows where to go on: a byte that belongs to no character becomes a question mark, and a character that is not
    /// there whole is left for the next time.
    /// </summary>
    public static async Task<string> ReadAsync(string path, long offset, CancellationToken cancellationToken)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ""; // The VM has not been started here.
        }

        await using (file)
        {
            var length = (int)Math.Clamp(file.Length - offset, 0, BytesMax);
            file.Seek(Math.Min(offset, file.Length), SeekOrigin.Begin);
            var bytes = new byte[length];
            var read = await file.ReadAtLeastAsync(bytes, length, throwOnEndOfStream: false, cancellationToken);
            return Decode(bytes.AsSpan(0, read));
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
