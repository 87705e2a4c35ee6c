using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>What the data model declares of one class: its fields, its messages, where its objects live.</summary>
public abstract class ClassModel
{
    private readonly Lazy<FrozenDictionary<string, MessageModel>> messages;
    private readonly FrozenDictionary<string, FieldModel> byColumn;
    private readonly FrozenDictionary<string, FieldModel> byName;
    private readonly FieldModel[] columns;

    private protected ClassModel(
        string name, ClassKind kind, ClassRoles roles, IReadOnlyList<FieldModel> fields, Func<MessageModel[]> declared)
    {
        Name = name;
        Kind = kind;
        Roles = roles;
        AllFields = fields;
        Fields = [.. fields.Where(f => f.Access != FieldAccess.Hidden)];
        byColumn = fields.Where(f => f.HasColumn).ToFrozenDictionary(f => f.Column);
        columns = [.. byColumn.Values.OrderBy(f => f.Column, StringComparer.Ordinal)];
        byName = fields.ToFrozenDictionary(f => f.Name);
        messages = new(() => declared().Concat(ImplicitMessages.Of(this)).DistinctBy(m => m.Name).ToFrozenDictionary(m => m.Name));
    }

    /// <summary>The class's name on the wire, which is also its table's name.</summary>
    public string Name { get; }

    /// <summary>Where its objects live.</summary>
    public ClassKind Kind { get; }

    /// <summary>Whether XenAPI lacks this class and Redoubt added it.</summary>
    public bool IsExtension { get; init; }

    /// <summary>Its implicit messages and who may send them.</summary>
    public ClassRoles Roles { get; }

    /// <summary>The fields that clients see, in their order on the wire.</summary>
    public IReadOnlyList<FieldModel> Fields { get; }

    /// <summary>All fields, those that only the database has included.</summary>
    public IReadOnlyList<FieldModel> AllFields { get; }

    /// <summary>The messages, declared and implicit, by name.</summary>
    public IReadOnlyDictionary<string, MessageModel> Messages => messages.Value;

    /// <summary>The type of references to this class's objects.</summary>
    public abstract XenType RefType { get; }

    /// <summary>The type of this class's records.</summary>
    public abstract XenType RecordType { get; }

    /// <summary>The field of this wire name, or null.</summary>
    public FieldModel? FindField(string name) => byName.GetValueOrDefault(name);

    /// <summary>The field of this column name, or null.</summary>
    public FieldModel? FindColumn(string column) => byColumn.GetValueOrDefault(column);

    /// <summary>A record with every field at its default.</summary>
    public abstract Record NewRecord();

    /// <summary>
    /// The record of a database row. What the typed fields can't give back is kept in <see cref="Record.Raw"/>; the reference columns
    /// <c>ref</c> and <c>_ref</c> are not part of a record.
    /// </summary>
    public abstract Record FromColumns(IEnumerable<KeyValuePair<string, string>> columns);

    /// <summary>
    /// The row of a record: every column, also those that never reach the journal, sorted by name as ordinals, as xapi's full dump has
    /// them. The reference columns <c>ref</c> and <c>_ref</c> are not part of a record.
    /// </summary>
    /// <remarks>
    /// What <see cref="FromColumns"/> read comes back letter for letter where nothing has changed since: unknown columns always, another
    /// spelling than ours while its field still has that value.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The class holds what no database holds: records within records.</exception>
    public IEnumerable<KeyValuePair<string, string>> ToColumns(Record record)
    {
        var unknown = UnknownColumns(record);
        var next = 0;
        foreach (var field in columns)
        {
            while (next < unknown.Length && string.CompareOrdinal(unknown[next].Key, field.Column) < 0)
            {
                yield return unknown[next++];
            }

            yield return new(field.Column, EncodeColumn(field, record));
        }

        while (next < unknown.Length)
        {
            yield return unknown[next++];
        }
    }

    /// <summary>One column of a record, as <see cref="ToColumns"/> gives it; for writing a single changed field.</summary>
    /// <param name="field">A field of this class.</param>
    /// <param name="record">A record of this class.</param>
    public static string EncodeColumn(FieldModel field, Record record) =>
        record.Raw is { } raw && raw.TryGetValue(field.Column, out var spelling) && field.IsSpelledBy(record, spelling)
            ? spelling
            : field.Encode(record);

    /// <summary>The record that a client sent: fields it left out have their defaults, fields we don't know are passed over.</summary>
    /// <exception cref="WireFormatException">It is not a struct, or a field is of another type.</exception>
    public abstract Record FromWire(WireValue value);

    /// <summary>
    /// The record that a server answered. Where a newer one uses names that this data model lacks, they are kept in
    /// <see cref="Record.Raw"/>, and go out again as they came.
    /// </summary>
    /// <exception cref="WireFormatException">It is not a struct, or a field is of another type.</exception>
    public abstract Record FromAnswer(WireValue value);

    /// <summary>Writes the fields that clients see.</summary>
    public void WriteRecord(IWireWriter writer, Record record)
    {
        writer.BeginStruct();
        foreach (var field in Fields)
        {
            writer.Key(field.Name);
            field.Write(writer, record);
        }

        writer.EndStruct();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private KeyValuePair<string, string>[] UnknownColumns(Record record) => record.Raw is { } raw
        ? [.. raw.Where(p => !byColumn.ContainsKey(p.Key)).OrderBy(p => p.Key, StringComparer.Ordinal)]
        : [];
}
