using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>What <c>event.from</c> answers: events, how many objects of each class there are, and how far that reaches.</summary>
/// <param name="Entries">The events.</param>
/// <param name="State">The database after them.</param>
/// <param name="Token">How far they reach.</param>
/// <param name="Role">Who is told.</param>
internal sealed record EventBatch(IReadOnlyList<EventEntry> Entries, DatabaseState State, EventToken Token, Role Role)
{
    /// <summary>Writes the batch bit by bit.</summary>
    public IEnumerable<Action<IWireWriter>> Parts()
    {
        yield return writer =>
        {
            writer.BeginStruct();
            writer.Key("events");
            writer.BeginArray();
        };
        foreach (var entry in Entries)
        {
            yield return writer => entry.WriteTo(writer, State, Role);
        }

        yield return writer =>
        {
            writer.EndArray();
            writer.Key("valid_ref_counts");
            writer.BeginStruct();
            // Classes of ours have no objects, and a client of XenServer's has never heard of them.
            foreach (var model in DataModel.Classes.Values.Where(c => !c.IsExtension))
            {
                writer.Key(model.Name.ToLowerInvariant());
                writer.Int32(State.Table(model).Count);
            }

            writer.EndStruct();
            writer.Key("token");
            writer.String(Token.ToString());
            writer.EndStruct();
        };
    }
}
