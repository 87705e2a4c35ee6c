namespace Redoubt.XenApi;

/// <summary>A field of a known record type and value type.</summary>
public sealed class FieldModel<TRecord, TValue> : FieldModel
    where TRecord : Record
{
    private readonly XenType<TValue> type;
    private readonly Func<TRecord, TValue> get;
    private readonly Action<TRecord, TValue> assign;

    /// <summary>Declares the field.</summary>
    public FieldModel(string column, XenType<TValue> type, FieldAccess access, Func<TRecord, TValue> get, Action<TRecord, TValue> assign)
        : base(column, type, access)
    {
        this.type = type;
        this.get = get;
        this.assign = assign;
    }

    /// <inheritdoc/>
    public override object? GetValue(Record record) => get((TRecord)record);

    /// <inheritdoc/>
    public override Record With(Record record, object? value)
    {
        var copy = (TRecord)record with { };
        assign(copy, (TValue)value!);
        return copy;
    }

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, Record record)
    {
        if (FindUnrecognized(record) is { } newer)
        {
            newer.WriteTo(writer);
        }
        else
        {
            type.Write(writer, get((TRecord)record));
        }
    }

    /// <inheritdoc/>
    public override UnrecognizedValue? FindUnrecognized(Record record) =>
        record.Raw is { } raw && raw.TryGetValue(Column, out var spelling) && !type.IsRecognized(get((TRecord)record))
            && IsSpelledBy(record, spelling)
            ? new(spelling, writer => type.WriteSpelling(writer, spelling))
            : null;

    /// <inheritdoc/>
    public override string Encode(Record record) => type.Encode(get((TRecord)record));

    /// <inheritdoc/>
    public override bool AreEqual(Record a, Record b) => type.AreEqual(get((TRecord)a), get((TRecord)b));

    internal override bool IsSpelledBy(Record record, string text) => type.AreEqual(get((TRecord)record), type.Decode(text));

    internal override void Fill(Record fresh, WireValue value) => assign((TRecord)fresh, type.Read(value));

    internal override string? FillAnswer(Record fresh, WireValue value)
    {
        var answered = type.ReadAnswer(value);
        assign((TRecord)fresh, answered);
        return type.IsRecognized(answered) ? null : type.SpellAnswer(value);
    }

    internal override Record WithRecognized(Record record, Record otherwise)
    {
        var known = type.Recognized(get((TRecord)record));
        return With(record, type.IsRecognized(known) ? known : get((TRecord)otherwise));
    }

    internal override bool Fill(Record fresh, string text)
    {
        var value = type.Decode(text);
        assign((TRecord)fresh, value);
        return type.Encode(value) == text;
    }
}
