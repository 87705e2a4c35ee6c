using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>A value of a database that stands where secrets do.</summary>
/// <param name="Field">The field.</param>
/// <param name="Ref">The object that has it.</param>
/// <param name="Key">The key of the map; empty where the field is the secret.</param>
/// <param name="Value">The value, sealed or not.</param>
public sealed record StoredValue(SecretField Field, string Ref, string Key, string Value)
{
    /// <summary>Whether it is a secret that anybody can read.</summary>
    public bool IsClear => Field.IsSecret(Key, Value) && !SealedText.Is(Value);

    /// <summary>All of a database.</summary>
    public static IEnumerable<StoredValue> Of(DatabaseState state) =>
        from model in DataModel.Classes.Values
        where model.Kind == ClassKind.Persistent
        from field in SecretFields.Of(model)
        from row in state.Table(model).Rows
        from pair in field.Values(row.Record)
        select new StoredValue(field, row.Ref, pair.Key, pair.Value);
}
