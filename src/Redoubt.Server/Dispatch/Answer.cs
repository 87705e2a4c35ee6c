using Redoubt.Server.Events;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>What a call is answered with: a value or a failure.</summary>
/// <param name="Parts">Writes the value bit by bit, so that a long answer can be sent while it is being written; null for a
/// failure.</param>
/// <param name="Failure">The failure; null for a value.</param>
internal sealed record Answer(IEnumerable<Action<IWireWriter>>? Parts, XenApiException? Failure)
{
    /// <summary>Whether XML-RPC gives it without the envelope of <c>Status</c> and <c>Value</c>.</summary>
    public bool IsBare { get; init; }

    public static Answer Of(XenApiException failure) => new(null, failure);

    public static Answer Of(XenType type, object? value) => new(PartsOf(type, value), null);

    /// <summary>The names of methods: the one answer that XML-RPC gets bare.</summary>
    public static Answer OfNames(IReadOnlyList<string> names)
    {
        void Write(IWireWriter writer)
        {
            writer.BeginArray();
            foreach (var name in names)
            {
                writer.String(name);
            }

            writer.EndArray();
        }

        return new([Write], null) { IsBare = true };
    }

    private static IEnumerable<Action<IWireWriter>> PartsOf(XenType type, object? value) => value switch
    {
        RecordTable table => PartsOf(table),
        EventBatch batch => batch.Parts(),
        UnrecognizedValue newer => [newer.WriteTo],
        EventList list => list.Parts(),
        _ => [writer => type.WriteObject(writer, value)],
    };

    private static IEnumerable<Action<IWireWriter>> PartsOf(RecordTable table)
    {
        yield return writer => writer.BeginStruct();
        foreach (var (reference, record) in table.Rows)
        {
            yield return writer =>
            {
                writer.Key(reference);
                table.Class.WriteRecord(writer, record);
            };
        }

        yield return writer => writer.EndStruct();
    }
}
