using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Cli.Inspecting;

/// <summary>
/// Reads a database from a file or device, whatever form it has: a metadata volume, a dump, a compressed dump. It is opened for
/// reading only, and everything that can be wrong with it becomes a verdict.
/// </summary>
internal static class DatabaseFile
{
    private const int HeadBytes = 64;

    /// <param name="path">The file or device.</param>
    /// <param name="vm">The VM to show; null for all.</param>
    /// <param name="at">The earlier point wanted of a volume; null for the newest state.</param>
    public static DatabaseReport Read(string path, string? vm, JournalPoint? at)
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var head = new byte[HeadBytes];
            var length = RandomAccess.Read(handle, head, 0);
            var report = FormOf(head.AsSpan(0, length)) switch
            {
                DatabaseForm.Volume => VolumeReports.Of(path, at is null ? JournalReader.Read(handle) : JournalReader.Read(path, at), vm),
                DatabaseForm.Dump or DatabaseForm.CompressedDump when at is not null =>
                    Failed(path, "dump", InspectVerdict.Unreadable, "A dump has no earlier states; leave --at out."),
                DatabaseForm.Dump => ReadDump(path, Content(handle), vm),
                DatabaseForm.CompressedDump => ReadCompressed(path, handle, vm),
                DatabaseForm.Unknown => VolumeReports.Of(path, JournalReader.Read(handle), vm),
            };
            return report with { FileWritten = Written(path, handle) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Failed(path, "unknown", InspectVerdict.Unreadable, $"It can't be read: {e.Message}");
        }
    }

    private static DatabaseReport ReadCompressed(string path, SafeFileHandle handle, string? vm)
    {
        try
        {
            var head = new byte[HeadBytes];
            using (var peek = new GZipStream(Content(handle), CompressionMode.Decompress))
            {
                var form = FormOf(head.AsSpan(0, peek.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)));
                if (form != DatabaseForm.Dump)
                {
                    return Failed(path, "unknown", InspectVerdict.NotADatabase, form == DatabaseForm.Volume
                        ? "It is a compressed metadata volume. Decompress it into a file (gunzip --keep --stdout FILE > VOLUME), then inspect that."
                        : "It is compressed, and what is in it is no database dump.");
                }
            }

            using var content = new GZipStream(Content(handle), CompressionMode.Decompress);
            return ReadDump(path, content, vm);
        }
        catch (InvalidDataException e)
        {
            return Failed(path, "dump", InspectVerdict.Unusable, $"It is a compressed dump whose compression is damaged: {e.Message}");
        }
    }

    private static DatabaseReport ReadDump(string path, Stream content, string? vm)
    {
        try
        {
            return DumpReports.Of(path, DumpReader.Read(content), vm);
        }
        catch (DumpFormatException e)
        {
            return Failed(path, "dump", InspectVerdict.Unusable, $"It is a database dump that is broken or cut off: at byte {e.Position} there is {e.Found}.") with
            {
                Damage = [new("dump", e.Position, e.Found)],
            };
        }
    }

    private static DatabaseForm FormOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(JournalLayout.Magic))
        {
            return DatabaseForm.Volume;
        }

        if (head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            return DatabaseForm.CompressedDump;
        }

        return head.TrimStart(" \t\r\n"u8).StartsWith("<"u8) ? DatabaseForm.Dump : DatabaseForm.Unknown;
    }

    // Each reader gets a stream of its own from the start, and leaves the handle open.
    private static FileStream Content(SafeFileHandle handle)
    {
        var stream = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, 1 << 16);
        stream.Position = 0;
        return stream;
    }

    // A device has no length as a file, and the time of its node says nothing about what is on it.
    private static DateTimeOffset? Written(string path, SafeFileHandle handle) =>
        RandomAccess.GetLength(handle) == 0 ? null : new DateTimeOffset(File.GetLastWriteTimeUtc(path));

    private static DatabaseReport Failed(string path, string kind, InspectVerdict verdict, string explanation) =>
        new() { Path = path, Kind = kind, Verdict = verdict, Explanation = explanation };
}
