namespace Redoubt.XenApi;

internal sealed class RecordMapType : XenType<RecordTable>
{
    public override string Name => "map(ref,record)";

    public override RecordTable Initial => throw new InvalidOperationException("A table of records has no initial value.");

    public override void Write(IWireWriter writer, RecordTable value)
    {
        writer.BeginStruct();
        foreach (var (reference, record) in value.Rows)
        {
            writer.Key(reference);
            value.Class.WriteRecord(writer, record);
        }

        writer.EndStruct();
    }

    public override RecordTable Read(WireValue value) =>
        throw new InvalidOperationException("The class of a table of records is not known here.");

    public override string Encode(RecordTable value) => throw new InvalidOperationException("No column of a database holds records.");

    public override RecordTable Decode(string text) => throw new InvalidOperationException("No column of a database holds records.");
}
