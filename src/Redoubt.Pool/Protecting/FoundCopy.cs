using Redoubt.Database;
using Redoubt.Database.Journal;

namespace Redoubt.Pool;

/// <summary>A copy of the pool's database that its own journal can be made from.</summary>
/// <param name="State">The database.</param>
/// <param name="Description">Which one it is, in a sentence that says that it was restored.</param>
internal sealed record FoundCopy(DatabaseState State, string Description)
{
    /// <summary>Writes the journal; it is there whole, or not at all.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Write(string path, TimeProvider time) => LocalJournal.Make(path, device =>
    {
        JournalWriter.Initialise(device);
        using var writer = new JournalWriter(device, time);
        writer.WriteDatabase(StateDump.ToDump(State));
    });
}
