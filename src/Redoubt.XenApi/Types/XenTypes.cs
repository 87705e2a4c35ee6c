namespace Redoubt.XenApi;

/// <summary>The types that take no argument.</summary>
public static class XenTypes
{
    /// <summary>Text.</summary>
    public static XenType<string> String { get; } = new StringType("string");

    /// <summary>A 64-bit whole number.</summary>
    public static XenType<long> Int { get; } = new IntType();

    /// <summary>A double-precision number.</summary>
    public static XenType<double> Float { get; } = new FloatType();

    /// <summary>A truth value.</summary>
    public static XenType<bool> Bool { get; } = new BoolType();

    /// <summary>A moment, to the second, in UTC.</summary>
    public static XenType<DateTimeOffset> DateTime { get; } = new DateTimeType();

    /// <summary>No answer, which the wire spells as the empty string.</summary>
    public static XenType<string> Void { get; } = new StringType("void");

    /// <summary>A record of any class.</summary>
    public static XenType<WireValue> AnyRecord { get; } = new WireType("record any");

    /// <summary>What <c>event.from</c> answers.</summary>
    public static XenType<WireValue> EventBatch { get; } = new WireType("event_batch");

    /// <summary>A map from references to records of one class.</summary>
    public static XenType<RecordTable> RecordMap { get; } = new RecordMapType();

    /// <summary>The set of a type that is known only when the program runs.</summary>
    internal static XenType SetOf(XenType element) => (XenType)typeof(SetType<>).MakeGenericType(element.ClrType)
        .GetMethod(nameof(SetType<>.Of))!.Invoke(null, [element])!;
}
