using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>A field that may hold secrets.</summary>
/// <param name="Class">The class that has it.</param>
/// <param name="Field">The field.</param>
/// <param name="Kind">How it holds them.</param>
/// <param name="IsNeededByXapi">Whether a genuine xapi that opens the database can't work without them: the rest it only carries
/// along.</param>
public sealed record SecretField(ClassModel Class, FieldModel Field, SecretKind Kind, bool IsNeededByXapi)
{
    /// <summary>
    /// Who may read the secrets: whoever may write them, for they could be replaced by them anyway; never one who may only look.
    /// </summary>
    public Role LowestReader { get; } = (Role)Math.Max((int)(Field.SetRole ?? Class.Roles.Set).Lowest, (int)Role.VmOperator);

    /// <summary>
    /// What the field of a record holds, secret or not: each value with its key, which is empty where the field is the secret.
    /// </summary>
    public IEnumerable<KeyValuePair<string, string>> Values(Record record) =>
        Field.GetValue(record) is string whole ? [new("", whole)] : (ImmutableSortedDictionary<string, string>)Field.GetValue(record)!;

    /// <summary>The record with each of the field's secrets replaced; the same object if it has none.</summary>
    /// <param name="record">A record of the class.</param>
    /// <param name="replace">Makes the new value of the key (empty where the field is the secret) and the old value.</param>
    public Record Replace(Record record, Func<string, string, string> replace) => Replace(record, IsSecret, replace);

    /// <summary>The record with each value replaced that a test picks, secret or not; the same object if nothing has changed.</summary>
    /// <param name="record">A record of the class.</param>
    /// <param name="picks">Whether the value under a key is to be replaced.</param>
    /// <param name="replace">Makes the new value of the key and the old value.</param>
    public Record Replace(Record record, Func<string, string, bool> picks, Func<string, string, string> replace)
    {
        var value = Field.GetValue(record);
        if (value is string whole)
        {
            return picks("", whole) && replace("", whole) is var other && other != whole ? Field.With(record, other) : record;
        }

        var map = (ImmutableSortedDictionary<string, string>)value!;
        var changed = map;
        foreach (var (key, old) in map)
        {
            if (picks(key, old) && replace(key, old) is var other && other != old)
            {
                changed = changed.SetItem(key, other);
            }
        }

        return ReferenceEquals(changed, map) ? record : Field.With(record, changed);
    }

    /// <summary>Whether the value under a key is a secret.</summary>
    public bool IsSecret(string key, string value) => value.Length > 0 && Kind switch
    {
        SecretKind.Whole => true,
        SecretKind.Connection => SecretFields.IsConnectionSecret(key, value),
        SecretKind.Named => SecretFields.IsNamedSecret(key, value),
    };
}
