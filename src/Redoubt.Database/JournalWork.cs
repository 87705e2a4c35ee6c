using System.Collections.Immutable;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database;

/// <summary>Something for the worker of a journal to do.</summary>
/// <param name="State">The database when it is done.</param>
/// <param name="Batch">What is to be appended.</param>
/// <param name="Whole">Whether the whole database is to be written instead.</param>
internal sealed record JournalWork(DatabaseState State, ImmutableArray<JournalTransaction> Batch, bool Whole)
{
    /// <summary>Nothing to write, only a reason to look at the journal's health.</summary>
    public static JournalWork Nudge { get; } = new(DatabaseState.Empty, [], false);

    /// <summary>Set when it is a state for the history and nothing else.</summary>
    public PackedDatabase? Packed { get; init; }

    /// <summary>Whether it only asks that the volume be proven to be in its place.</summary>
    public bool IsProof { get; init; }

    /// <summary>Whether it is a batch of changes.</summary>
    public bool IsBatch => !Whole && !IsProof && Packed is null && this != Nudge;

    /// <summary>Set when it is durable, or has failed.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
