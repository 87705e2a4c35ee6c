using System.Globalization;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>One change of one object.</summary>
/// <param name="Sequence">Its number; those of one transaction share one.</param>
/// <param name="Class">The object's class.</param>
/// <param name="Ref">The object.</param>
/// <param name="Operation">What happened to it.</param>
internal readonly record struct EventEntry(long Sequence, ClassModel Class, string Ref, EventOperation Operation)
{
    /// <summary>Writes the event, with the object as it is in this state, as far as the role may see it.</summary>
    public void WriteTo(IWireWriter writer, DatabaseState state, Role role)
    {
        writer.BeginStruct();
        Member(writer, "id", Sequence.ToString(CultureInfo.InvariantCulture));

        // xapi gives no time either.
        Member(writer, "timestamp", "0.0");
        Member(writer, "class", Class.Name.ToLowerInvariant());
        Member(writer, "operation", EventOperationType.Instance.Encode(Operation));
        Member(writer, "ref", Ref);
        if (Operation != EventOperation.Del && state.Table(Class).Find(Ref) is { } row)
        {
            writer.Key("snapshot");
            Class.WriteRecord(writer, SecretFields.Mask(row.Record, role));
        }

        writer.EndStruct();
    }

    private static void Member(IWireWriter writer, string name, string value)
    {
        writer.Key(name);
        writer.String(value);
    }
}
