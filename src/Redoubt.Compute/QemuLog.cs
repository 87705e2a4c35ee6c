using System.Text;
using System.Text.RegularExpressions;

namespace Redoubt.Compute;

/// <summary>The logs in which libvirt's embedded driver keeps what it starts for each guest, and what QEMU says of it.</summary>
internal static partial class QemuLog
{
    /// <summary>More than a start writes, the command and all its complaints; the log itself may be long.</summary>
    private const int EndBytes = 64 << 10;

    /// <summary>The end of a guest's log; empty if there is none, or it can't be read.</summary>
    internal static async Task<string> ReadEndAsync(string root, Guid uuid)
    {
        try
        {
            await using var log = new FileStream(
                Path.Combine(root, "log", "qemu", $"{uuid:D}.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            log.Seek(-Math.Min(log.Length, EndBytes), SeekOrigin.End);
            var bytes = new byte[EndBytes];
            var read = await log.ReadAtLeastAsync(bytes, EndBytes, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(bytes.AsSpan(0, read));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>What QEMU itself has said since it was last started, by the end of its log. Pure.</summary>
    /// <remarks>
    /// The command must not be taken for something that QEMU said: it names every disk. libvirt writes a line for each of its words, and
    /// all but the last go on with a backslash.
    /// </remarks>
    internal static string SinceStart(string end)
    {
        var lines = end.Split('\n', StringSplitOptions.TrimEntries);
        var started = Array.FindLastIndex(lines, l => l.Contains(": starting up libvirt version", StringComparison.Ordinal));
        var command = Array.FindLastIndex(lines, l => l.EndsWith(" \\", StringComparison.Ordinal));
        return string.Join('\n', lines.Skip(Math.Max(started + 1, command + 2)).Where(l => l.Length > 0 && !OfLibvirt().IsMatch(l)));
    }

    // 2026-11-29 17:04:01.486+0000: Domain id=1 is tainted: high-privileges. QEMU writes its times otherwise.
    [GeneratedRegex(
        "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d+\\+0000: ", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex OfLibvirt();
}
