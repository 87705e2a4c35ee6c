using System.Globalization;

namespace Redoubt.XenApi;

internal sealed class DateTimeType : XenType<DateTimeOffset>
{
    // xapi leaves the hyphens out on purpose; older and newer writers have them, some with fractions or without a zone.
    private static readonly string[] Forms =
    [
        "yyyyMMdd'T'HH:mm:ss'Z'", "yyyyMMdd'T'HH:mm:ss", "yyyyMMdd'T'HH:mm:ss.FFFFFFF'Z'", "yyyyMMdd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK",
    ];

    public override string Name => "datetime";

    public override DateTimeOffset Initial => DateTimeOffset.UnixEpoch;

    public override void Write(IWireWriter writer, DateTimeOffset value) => writer.DateTime(value);

    public override DateTimeOffset Read(WireValue value) =>
        value is WireString text && TryParse(text.Value, out var parsed) ? parsed : throw new WireFormatException(Name, value);

    public override string Encode(DateTimeOffset value) => value.UtcDateTime.ToString(Forms[0], CultureInfo.InvariantCulture);

    public override DateTimeOffset Decode(string text) => TryParse(text, out var value) ? value : Initial;

    private static bool TryParse(string text, out DateTimeOffset value) => DateTimeOffset.TryParseExact(
        text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value);
}
