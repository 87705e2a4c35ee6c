using Redoubt.Database;

namespace Redoubt.Pool;

/// <summary>The pool's own journal, and what it held when the daemon started.</summary>
/// <param name="Journal">The journal.</param>
/// <param name="State">The database.</param>
/// <param name="Damage">What was found missing from it; null if nothing was.</param>
internal sealed record OpenedJournal(LiveJournal Journal, DatabaseState State, string? Damage)
{
    /// <summary>Whether nothing has been written to it yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>What it was made anew from, in a sentence; null if it was not.</summary>
    public string? Restored { get; init; }
}
