using System.Collections.Frozen;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// The keys that a pool has: its own, with which it seals, and those of other pools and of before, with which it can open. In memory a
/// database has its secrets in clear; what can't be opened stays as it came, and is written as it came. An immutable value.
/// </summary>
public sealed class KeyRing
{
    private readonly FrozenDictionary<string, PoolKey> _keys;

    /// <summary>A ring of these keys.</summary>
    public KeyRing(PoolKey own, IEnumerable<PoolKey> others)
    {
        Own = own;
        _keys = others.Append(own).DistinctBy(k => k.Id).ToFrozenDictionary(k => k.Id);
    }

    /// <summary>The key with which this pool seals.</summary>
    public PoolKey Own { get; }

    /// <summary>Whether a key is here.</summary>
    public bool Has(string id) => _keys.ContainsKey(id);

    /// <summary>The record as it is written.</summary>
    /// <param name="record">A record with its secrets in clear.</param>
    /// <param name="policy">What stays in clear.</param>
    /// <returns>The same object if nothing in it is sealed.</returns>
    public Record Seal(Record record, SealingPolicy policy)
    {
        foreach (var field in SecretFields.Of(record.DeclaredClass))
        {
            record = Seal(field, record, policy);
        }

        return record;
    }

    /// <summary>The record with the secrets of one field as they are written.</summary>
    internal Record Seal(SecretField field, Record record, SealingPolicy policy) =>
        field.Replace(
            record,
            (key, value) => SealedText.Is(value) || policy.LeavesClear(field, value)
                ? value
                : Own.Seal(value, PoolKey.PlaceOf(field, key)));

    /// <summary>The record with what these keys open in clear; the same object if they open nothing in it.</summary>
    public Record Open(Record record)
    {
        foreach (var field in SecretFields.Of(record.DeclaredClass))
        {
            // Whatever the key of the map says: another version may have taken it for a secret.
            record = field.Replace(
                record, (_, value) => value.StartsWith(SealedText.Prefix, StringComparison.Ordinal),
                (key, value) => Open(field, key, value));
        }

        return record;
    }

    /// <summary>The database with what these keys open in clear; the same object if they open nothing in it.</summary>
    public DatabaseState Open(DatabaseState state)
    {
        foreach (var model in DataModel.Classes.Values.Where(c => c.Kind == ClassKind.Persistent && !SecretFields.Of(c).IsEmpty))
        {
            var table = state.Table(model);
            foreach (var row in table.Rows.ToList())
            {
                var opened = Open(row.Record);
                table = ReferenceEquals(opened, row.Record) ? table : table.With(row with { Record = opened });
            }

            state = ReferenceEquals(table, state.Table(model)) || table.Count == 0 ? state : state.With(table);
        }

        return state;
    }

    private string Open(SecretField field, string key, string value) =>
        SealedText.TryParse(value, out var text) && _keys.TryGetValue(text.KeyId, out var opens)
            && opens.Open(text, PoolKey.PlaceOf(field, key)) is { } plain
            && Dump.DumpText.IndexOfForbidden(plain) < 0 ? plain : value;
}
