using System.Globalization;

namespace Redoubt.XenApi;

internal sealed class FloatType : XenType<double>
{
    public override string Name => "float";

    public override double Initial => 0;

    public override void Write(IWireWriter writer, double value) => writer.Float(value);

    public override double Read(WireValue value) => value switch
    {
        WireFloat number => number.Value,
        WireInt number => number.Value,
        WireString text when double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) => parsed,
        WireString { Value: "inf" or "-inf" or "nan" } text => Decode(text.Value),

        // JSON has no spelling for what is no number, so writers put null.
        WireNull => double.NaN,
        _ => throw new WireFormatException(Name, value),
    };

    // xapi prints with C's %0.18g. The shortest text that reads back to the same number is as good for every reader; where a database
    // has the long form, the record keeps it.
    public override string Encode(double value) => value switch
    {
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        _ when double.IsNaN(value) => "nan",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    public override double Decode(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : text switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" => double.NaN,
            _ => 0,
        };
}
