namespace Redoubt.XenApi;

internal sealed class StringType(string name) : XenType<string>
{
    public override string Name => name;

    public override string Initial => "";

    public override void Write(IWireWriter writer, string value) => writer.String(value);

    public override string Read(WireValue value) => value.AsString(Name);

    public override string Encode(string value) => value;

    public override string Decode(string text) => text;
}
