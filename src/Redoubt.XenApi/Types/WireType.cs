namespace Redoubt.XenApi;

/// <summary>A value whose form is settled only when the program runs.</summary>
internal sealed class WireType(string name) : XenType<WireValue>
{
    public override string Name => name;

    public override WireValue Initial => WireNull.Instance;

    public override void Write(IWireWriter writer, WireValue value) => value.WriteTo(writer);

    public override WireValue Read(WireValue value) => value;

    public override string Encode(WireValue value) => throw new InvalidOperationException("No column of a database holds a wire value.");

    public override WireValue Decode(string text) => throw new InvalidOperationException("No column of a database holds a wire value.");
}
