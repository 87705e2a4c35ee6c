using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>One of a list of names. A name that the list lacks reads as the enum's first member, <c>Unrecognized</c>.</summary>
public sealed class EnumType<TEnum> : XenType<TEnum>, IEnumType
    where TEnum : struct, Enum
{
    private readonly string name;
    private readonly string[] values;
    private readonly FrozenDictionary<string, int> indexes;
    private readonly FrozenDictionary<string, int> indexesInAnyCase;
    private readonly Func<int, TEnum> make;
    private readonly Func<TEnum, int> index;

    /// <summary>Declares the enum: its values' names in order, the first of them at index 1.</summary>
    public EnumType(string name, string[] values, Func<int, TEnum> make, Func<TEnum, int> index)
    {
        this.name = name;
        this.values = values;
        this.make = make;
        this.index = index;
        indexes = values.Select((v, i) => (v, i)).ToFrozenDictionary(p => p.v, p => p.i + 1);
        indexesInAnyCase = indexes.DistinctBy(p => p.Key, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public override string Name => "enum " + name;

    /// <inheritdoc/>
    public IReadOnlyList<string> Values => values;

    /// <inheritdoc/>
    public override TEnum Initial => make(1);

    /// <inheritdoc/>
    public override void Write(IWireWriter writer, TEnum value) => writer.String(Encode(value));

    /// <inheritdoc/>
    /// <remarks>In any case, as xapi: older clients write <c>Disk</c> and <c>RW</c> where the names are others.</remarks>
    public override TEnum Read(WireValue value) =>
        value.AsString(Name) is var text && (indexes.TryGetValue(text, out var found) || indexesInAnyCase.TryGetValue(text, out found))
        ? make(found)
        : throw new WireFormatException(Name, value);

    /// <inheritdoc/>
    public override TEnum ReadAnswer(WireValue value) => Decode(value.AsString(Name));

    /// <inheritdoc/>
    public override string Encode(TEnum value) => index(value) is var i and > 0 ? values[i - 1] : "unrecognized";

    /// <inheritdoc/>
    public override TEnum Decode(string text) => make(indexes.GetValueOrDefault(text));

    internal override bool IsRecognized(TEnum value) => index(value) > 0;

    internal override string SpellAnswer(WireValue value) => value.AsString(Name);

    internal override void WriteSpelling(IWireWriter writer, string text) => writer.String(text);
}
