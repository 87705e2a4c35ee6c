using System.Globalization;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>What <c>event.from</c> answers: events, how many objects of each class there are, and how far that reaches.</summary>
/// <param name="Entries">The events.</param>
/// <param name="State">The database after them.</param>
/// <param name="Token">How far they reach.</param>
internal sealed record EventBatch(IReadOnlyList<EventEntry> Entries, DatabaseState State, EventToken Token)
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
            yield return writer => Write(writer, entry);
        }

        yield return writer =>
        {
            writer.EndArray();
            writer.Key("valid_ref_counts");
            writer.BeginStruct();
            foreach (var model in DataModel.Classes.Values)
            {
                writer.Key(model.Name.ToLowerInvariant());
                writer.Int(State.Table(model).Count);
            }

            writer.EndStruct();
            writer.Key("token");
            writer.String(Token.ToString());
            writer.EndStruct();
        };
    }

    private void Write(IWireWriter writer, EventEntry entry)
    {
        writer.BeginStruct();
        Member(writer, "id", entry.Sequence.ToString(CultureInfo.InvariantCulture));

        // xapi gives no time either.
        Member(writer, "timestamp", "0.0");
        Member(writer, "class", entry.Class.Name.ToLowerInvariant());
        Member(writer, "operation", EventOperationType.Instance.Encode(entry.Operation));
        Member(writer, "ref", entry.Ref);
        if (entry.Operation != EventOperation.Del && State.Table(entry.Class).Find(entry.Ref) is { } row)
        {
            writer.Key("snapshot");
            entry.Class.WriteRecord(writer, row.Record);
        }

        writer.EndStruct();
    }

    private static void Member(IWireWriter writer, string name, string value)
    {
        writer.Key(name);
        writer.String(value);
    }
}
