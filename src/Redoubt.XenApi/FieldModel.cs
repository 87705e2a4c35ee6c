namespace Redoubt.XenApi;

/// <summary>What the data model declares of one field, and the way to it in a record.</summary>
public abstract class FieldModel
{
    private protected FieldModel(string column, XenType type, FieldAccess access)
    {
        Column = column;
        Name = column.Replace("__", "_", StringComparison.Ordinal);
        Type = type;
        Access = access;
    }

    /// <summary>The column's name in a database; name spaces are joined by two underscores.</summary>
    public string Column { get; }

    /// <summary>The field's name on the wire.</summary>
    public string Name { get; }

    /// <summary>The field's type.</summary>
    public XenType Type { get; }

    /// <summary>Who decides the value.</summary>
    public FieldAccess Access { get; }

    /// <summary>Whether the value is lost when the daemon stops, and never reaches the journal.</summary>
    public bool IsVolatile { get; init; }

    /// <summary>Whether the database has a column for it.</summary>
    public bool HasColumn { get; init; } = true;

    /// <summary>Whether XenAPI lacks this field and Redoubt added it.</summary>
    public bool IsExtension { get; init; }

    /// <summary>Where a computed set comes from; null for stored fields.</summary>
    public Relation? Relation { get; init; }

    /// <summary>Who may read, if not as the class says.</summary>
    public AllowedRoles? GetRole { get; init; }

    /// <summary>Who may write, if not as the class says.</summary>
    public AllowedRoles? SetRole { get; init; }

    /// <summary>Keys of a map that others may add and remove than those who may write the map; the first that fits counts.</summary>
    public IReadOnlyList<KeyRole> KeyRoles { get; init; } = [];

    /// <summary>The default in the database's spelling; null where rows must give a value.</summary>
    public string? DefaultText { get; init; }

    /// <summary>Whether changes are written to the journal.</summary>
    public bool IsPersistent => HasColumn && !IsVolatile && Relation is null;

    /// <summary>The field's value in a record.</summary>
    public abstract object? GetValue(Record record);

    /// <summary>A record like the given one, but with this value.</summary>
    /// <exception cref="InvalidCastException">The value is not of the field's type.</exception>
    public abstract Record With(Record record, object? value);

    /// <summary>Writes the field's value to the wire.</summary>
    public abstract void Write(IWireWriter writer, Record record);

    /// <summary>
    /// What the record's row said where a newer version's names stand, which the typed value can't hold; null where all names are known.
    /// </summary>
    public abstract UnrecognizedValue? FindUnrecognized(Record record);

    /// <summary>The field's value in the database's spelling.</summary>
    public abstract string Encode(Record record);

    /// <summary>Whether both records have the same value here.</summary>
    public abstract bool AreEqual(Record a, Record b);

    /// <summary>Whether this spelling of a database means the value that the record has.</summary>
    internal abstract bool IsSpelledBy(Record record, string text);

    /// <summary>Sets a value in a record that nobody else has seen yet.</summary>
    internal abstract void Fill(Record fresh, WireValue value);

    /// <summary>Sets a value that a server answered, in a record that nobody else has seen yet.</summary>
    /// <returns>What it says in the database's spelling, if it has names that this data model lacks; else null.</returns>
    internal abstract string? FillAnswer(Record fresh, WireValue value);

    /// <summary>The record with what this data model knows of the field's value; if that is nothing, with another record's.</summary>
    internal abstract Record WithRecognized(Record record, Record otherwise);

    /// <summary>Sets a value, in the database's spelling, in a record that nobody else has seen yet.</summary>
    /// <returns>Whether <see cref="Encode"/> gives the same spelling back.</returns>
    internal abstract bool Fill(Record fresh, string text);
}
