using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.XenApi.Tests.Types;

/// <summary>Arbitrary values of any type of the data model, and arbitrary records of any class.</summary>
internal static class ArbitraryValues
{
    // What is hard to spell somewhere: in s-expressions, in XML, in JSON, or in all of them.
    private static readonly string[] Awkward =
    [
        "'", "\"", "\\", "\\'", "()", "('a')", ";", "%", "%.", "<&>", "]]>", "\r", "\n", "\r\n", "\t", " ", "\0", "\u0001", "\u001B",
        "\u0085",
        "\u2028", "\uFFFD", "\uFFFE", "\uFFFF", "é", "日本", "😀", "OpaqueRef:NULL", "unrecognized", "true", "1.", "NaN",
    ];

    public static Gen<string> Text { get; } = Gen.OneOf(
        ArbMap.Default.GeneratorFor<string?>().Select(s => s ?? ""),
        Gen.ListOf(Gen.Elements(Awkward)).Select(string.Concat),
        ArbMap.Default.GeneratorFor<char[]?>().Select(c => new string(c)));

    /// <summary>Text that both wires can carry unchanged.</summary>
    public static Gen<string> WireText { get; } = Text.Select(XmlText.Clean);

    public static Gen<object?> Of(XenType type, Gen<string> text)
    {
        switch (type)
        {
            case ISetType set:
                return Gen.ListOf(Of(set.Element, text))
                .Select(items => items.Aggregate(Initial(type), (s, i) => set.Add(s!, i!)));
            case IMapType map:
                return Gen.ListOf(Of(map.Key, text).SelectMany(k => Of(map.Value, text).Select(v => (Key: k!, Value: v!))))
                    .Select(pairs => pairs.Aggregate(Initial(type), (m, p) => map.Set(m!, p.Key, p.Value)));
            case JsonTextType: return text.Select(v => (object?)v);
            case IRefType: return Reference(type, text);
            case IEnumType: return Gen.Elements(Enum.GetValues(type.ClrType).Cast<object?>().Skip(1));
        }

        return type.Name switch
        {
            "int" =>
                Gen.OneOf(Gen.Elements(long.MinValue, -1, 0, 1, long.MaxValue), ArbMap.Default.GeneratorFor<long>())
                    .Select(v => (object?)v),
            "float" =>
                Gen.OneOf(Gen.Elements(0, -0.0, 1, double.MaxValue, double.MinValue, double.Epsilon, 0.1, 1e16), Finite)
                    .Select(v => (object?)v),
            "bool" => Gen.Elements<object?>(true, false),
            "datetime" => Seconds.Select(s => (object?)DateTimeOffset.FromUnixTimeSeconds(s)),
            "string" or "void" => text.Select(v => (object?)v),
            "option(string)" => text.Select(v => v.Length == 0 ? null : (object?)v),
            "record any" => text.Select(v => (object?)new WireString(v)),
            _ when DataModel.FindClass(
                type.Name[(type.Name.IndexOf("record ", StringComparison.Ordinal) + 7)..].TrimEnd(')')) is { } model =>
                Record(model, text).Select(r => (object?)r),
            _ => throw new NotSupportedException(type.Name),
        };
    }

    public static Gen<Record> Record(ClassModel model, Gen<string> text) => model.AllFields.Aggregate(
        Gen.Constant(model.NewRecord()),
        (record, field) => record.SelectMany(r => Of(field.Type, text).Select(v => field.With(r, v))));

    private static Gen<double> Finite => ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite);

    private static Gen<long> Seconds => Gen.OneOf(
        Gen.Elements(DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds(), 0L),
        Gen.Choose(0, int.MaxValue).Select(s => (long)s));

    private static Gen<object?> Reference(XenType type, Gen<string> text) => Gen.OneOf(
        Gen.Constant(RefText.Null),
        ArbMap.Default.GeneratorFor<Guid>().Select(RefText.Of),
        text).Select(opaque => Activator.CreateInstance(type.ClrType, opaque));

    private static object? Initial(XenType type) => type.GetType().GetProperty("Initial")!.GetValue(type);
}
