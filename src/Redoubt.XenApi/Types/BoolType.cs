namespace Redoubt.XenApi;

internal sealed class BoolType : XenType<bool>
{
    public override string Name => "bool";

    public override bool Initial => false;

    public override void Write(IWireWriter writer, bool value) => writer.Bool(value);

    public override bool Read(WireValue value) => value switch
    {
        WireBool truth => truth.Value,
        WireString { Value: "true" } => true,
        WireString { Value: "false" } => false,
        _ => throw new WireFormatException(Name, value),
    };

    public override string Encode(bool value) => value ? "true" : "false";

    public override bool Decode(string text) => text == "true";
}
