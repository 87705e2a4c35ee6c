using Redoubt.Database.Dump;
using Redoubt.Database.Journal;

namespace Redoubt.Inspection;

/// <summary>What is wanted of a database, and how much its reading may take.</summary>
public sealed record InspectQuery
{
    /// <summary>The present, by which ages are judged.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The disk that the volume is, where that is known.</summary>
    public string? VdiUuid { get; init; }

    /// <summary>The SR that the volume is on, where that is known.</summary>
    public string? SrUuid { get; init; }

    /// <summary>The VM to show, by its name or UUID; null for all.</summary>
    public string? Vm { get; init; }

    /// <summary>The earlier point wanted of a volume; null for the newest state.</summary>
    public JournalPoint? At { get; init; }

    /// <summary>How large the database may be.</summary>
    public DumpLimits Limits { get; init; } = DumpLimits.Default;

    /// <summary>Makes an empty file for a compressed volume to be unpacked into; null where there is no place for one.</summary>
    public Func<FileStream>? Scratch { get; init; }

    /// <summary>
    /// Whether the reader sees the bytes of what is no database. Whoever opens files at a distance does not: it would show the beginning of
    /// any file there is.
    /// </summary>
    public bool TellsBytes { get; init; } = true;
}
