using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>The declaration of a class whose record type is known.</summary>
public sealed class ClassModel<TRecord> : ClassModel
    where TRecord : Record, IRecord<TRecord>, new()
{
    /// <summary>Declares the class.</summary>
    public ClassModel(string name, ClassKind kind, ClassRoles roles, IReadOnlyList<FieldModel> fields, Func<MessageModel[]> messages)
        : base(name, kind, roles, fields, messages)
    {
    }

    /// <inheritdoc/>
    public override XenType RefType => RefType<TRecord>.Of(Name);

    /// <inheritdoc/>
    public override XenType RecordType => RecordType<TRecord>.Of(Name);

    /// <inheritdoc/>
    public override Record NewRecord() => new TRecord();

    /// <inheritdoc/>
    public override Record FromColumns(IEnumerable<KeyValuePair<string, string>> columns)
    {
        var record = new TRecord();
        ImmutableDictionary<string, string>.Builder? raw = null;
        foreach (var (column, text) in columns)
        {
            var field = FindColumn(column);
            // An event has a field called ref.
            if (field is null && column is ("ref" or "_ref"))
            {
                continue;
            }

            if (field is { Relation: not null } or { IsVolatile: true })
            {
                continue;
            }

            if (field is null || !field.Fill(record, text))
            {
                (raw ??= ImmutableDictionary.CreateBuilder<string, string>())[column] = text;
            }
        }

        return raw is null ? record : record with { Raw = raw.ToImmutable() };
    }

    /// <inheritdoc/>
    public override Record FromAnswer(WireValue value)
    {
        var record = new TRecord();
        ImmutableDictionary<string, string>.Builder? raw = null;
        foreach (var (name, member) in value.AsStruct($"{Name} record"))
        {
            if (FindField(name) is { } field && field.FillAnswer(record, member) is { } spelling)
            {
                (raw ??= ImmutableDictionary.CreateBuilder<string, string>())[field.Column] = spelling;
            }
        }

        return raw is null ? record : record with { Raw = raw.ToImmutable() };
    }

    /// <inheritdoc/>
    public override Record FromWire(WireValue value)
    {
        var record = new TRecord();
        foreach (var (name, member) in value.AsStruct($"{Name} record"))
        {
            FindField(name)?.Fill(record, member);
        }

        return record;
    }
}
