using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>What <c>event.next</c> answers.</summary>
/// <param name="Entries">The events.</param>
/// <param name="State">The database after them.</param>
/// <param name="Role">Who is told.</param>
internal sealed record EventList(IReadOnlyList<EventEntry> Entries, DatabaseState State, Role Role)
{
    /// <summary>Writes the list bit by bit.</summary>
    public IEnumerable<Action<IWireWriter>> Parts()
    {
        yield return writer => writer.BeginArray();
        foreach (var entry in Entries)
        {
            yield return writer => entry.WriteTo(writer, State, Role);
        }

        yield return writer => writer.EndArray();
    }
}
