using System.Globalization;

namespace Redoubt.XenApi;

internal sealed class IntType : XenType<long>
{
    public override string Name => "int";

    public override long Initial => 0;

    public override void Write(IWireWriter writer, long value) => writer.Int(value);

    public override long Read(WireValue value) => value switch
    {
        WireInt number => number.Value,
        WireFloat number when number.Value == Math.Truncate(number.Value) && Math.Abs(number.Value) < 9.0e15 => (long)number.Value,
        WireString text when long.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) =>
            parsed,
        _ => throw new WireFormatException(Name, value),
    };

    public override string Encode(long value) => value.ToString(CultureInfo.InvariantCulture);

    public override long Decode(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
