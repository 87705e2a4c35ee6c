using Redoubt.Server.Events;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>What a call is answered with: a value or a failure.</summary>
/// <param name="Parts">Writes the value bit by bit, so that a long answer can be sent while it is being written; null for a failure.</param>
/// <param name="Failure">The failure; null for a value.</param>
internal sealed record Answer(IEnumerable<Action<IWireWriter>>? Parts, XenApiException? Failure)
{
    public static Answer Of(XenApiException failure) => new(null, failure);

    public static Answer Of(XenType type, object? value) => new(PartsOf(type, value), null);

    private static IEnumerable<Action<IWireWriter>> PartsOf(XenType type, object? value) => value switch
    {
        RecordTable table => PartsOf(table),
        EventBatch batch => batch.Parts(),
        UnrecognizedValue newer => [newer.WriteTo],
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
