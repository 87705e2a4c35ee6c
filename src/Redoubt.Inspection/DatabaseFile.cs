using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Inspection;

/// <summary>
/// Reads a database from a file or device, whatever form it has: a metadata volume, a dump, either of them compressed. It is opened for
/// reading only, and everything that can be wrong with it becomes a verdict.
/// </summary>
public static class DatabaseFile
{
    private const int HeadBytes = 64;

    /// <summary>Reads what a path leads to.</summary>
    /// <param name="path">The file or device.</param>
    /// <param name="query">What is wanted of it.</param>
    public static DatabaseReport Read(string path, InspectQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

            // A device has no length as a file, and the time of its node says nothing about what is on it.
            var written = RandomAccess.GetLength(handle) == 0 ? (DateTimeOffset?)null : new DateTimeOffset(File.GetLastWriteTimeUtc(path));
            return (ReadForm(path, handle, query) with { FileWritten = written }).WithMomentWarnings(query.Now);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Failed(path, "unknown", InspectVerdict.Unreadable, $"It can't be read: {e.Message}");
        }
    }

    /// <summary>Reads what is open.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="handle">The file; it stays open, and must until this has ended.</param>
    /// <param name="query">What is wanted of it.</param>
    public static DatabaseReport Read(string name, SafeFileHandle handle, InspectQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return ReadForm(name, handle, query).WithMomentWarnings(query.Now);
    }

    private static DatabaseReport ReadForm(string name, SafeFileHandle handle, InspectQuery query)
    {
        try
        {
            return FormOf(handle) switch
            {
                DatabaseForm.Dump or DatabaseForm.CompressedDump when query.At is not null =>
                    Failed(name, "dump", InspectVerdict.Unreadable, "A dump has no earlier states; leave --at out."),
                DatabaseForm.Dump => ReadDump(name, Content(handle), query),
                DatabaseForm.CompressedDump => ReadCompressed(name, handle, query),
                DatabaseForm.CompressedVolume => ReadCompressedVolume(name, handle, query),
                DatabaseForm.CompressedOther =>
                    Failed(name, "unknown", InspectVerdict.NotADatabase, "It is compressed, and what is in it is no database dump."),
                DatabaseForm.Volume or DatabaseForm.Unknown => ReadVolume(name, handle, query),
            };
        }
        catch (InvalidDataException e)
        {
            return Failed(name, "dump", InspectVerdict.Unusable, $"It is compressed, and can't be unpacked: {e.Message.TrimEnd('.')}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Failed(name, "unknown", InspectVerdict.Unreadable, $"It can't be read: {e.Message}");
        }
    }

    private static DatabaseReport ReadVolume(string name, SafeFileHandle handle, InspectQuery query)
    {
        var report = VolumeReports.Of(name, JournalReader.Read(handle, query.At, query.Limits), query);
        if (report.Kind != "volume")
        {
            return report;
        }

        try
        {
            var earlier = JournalHistory.List(handle).Entries.OrderByDescending(e => e.WrittenAt);
            return report with { EarlierStates = [.. earlier.Select(e => new EarlierState(e.Generation, e.WrittenAt, e.Vms))] };
        }
        catch (IOException e)
        {
            // The log is what counts; that its past can't be had takes nothing from it.
            return report with { Warnings = [.. report.Warnings, $"Which earlier states it keeps can't be read: {e.Message}"] };
        }
    }

    private static DatabaseReport ReadCompressedVolume(string name, SafeFileHandle handle, InspectQuery query)
    {
        if (query.Scratch is null)
        {
            return Failed(
                name, "unknown", InspectVerdict.NotADatabase,
                "It is a compressed metadata volume. Decompress it into a file (gunzip --keep --stdout FILE > VOLUME), then inspect that.");
        }

        using var volume = query.Scratch();
        using (var packed = new GZipStream(Content(handle), CompressionMode.Decompress))
        {
            PackedVolume.Unpack(packed, volume);
        }

        return ReadVolume(name, volume.SafeFileHandle, query);
    }

    private static DatabaseReport ReadCompressed(string name, SafeFileHandle handle, InspectQuery query)
    {
        using var content = new GZipStream(Content(handle), CompressionMode.Decompress);
        return ReadDump(name, content, query);
    }

    private static DatabaseReport ReadDump(string name, Stream content, InspectQuery query)
    {
        try
        {
            return DumpReports.Of(name, DumpReader.Read(content, query.Limits), query.Vm);
        }
        catch (DumpFormatException e)
        {
            var found = query.TellsBytes ? e.Found : "something that no dump has there";
            return Failed(
                name, "dump", InspectVerdict.Unusable,
                $"It is a database dump that is broken or cut off at byte {e.Position}: {found}.") with
            {
                Damage = [new("dump", e.Position, found)],
            };
        }
    }

    private static DatabaseForm FormOf(SafeFileHandle handle)
    {
        var head = new byte[HeadBytes];
        var form = FormOf(head.AsSpan(0, RandomAccess.Read(handle, head, 0)));
        if (form != DatabaseForm.CompressedDump)
        {
            return form;
        }

        using var peek = new GZipStream(Content(handle), CompressionMode.Decompress);
        return FormOf(head.AsSpan(0, peek.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false))) switch
        {
            DatabaseForm.Volume => DatabaseForm.CompressedVolume,
            DatabaseForm.Dump => DatabaseForm.CompressedDump,
            _ => DatabaseForm.CompressedOther,
        };
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

    private static DatabaseReport Failed(string name, string kind, InspectVerdict verdict, string explanation) =>
        new() { Path = name, Kind = kind, Verdict = verdict, Explanation = explanation };
}
