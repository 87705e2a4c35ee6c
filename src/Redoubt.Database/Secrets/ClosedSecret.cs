using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>A secret of a database that could not be opened.</summary>
/// <param name="Class">The class of the object that has it.</param>
/// <param name="Ref">The object.</param>
/// <param name="Field">The field, and after a colon the key of the map.</param>
/// <param name="KeyId">The key that it was sealed with.</param>
public sealed record ClosedSecret(ClassModel Class, string Ref, string Field, string KeyId)
{
    /// <summary>All of a database whose secrets were opened as far as they can be.</summary>
    public static IEnumerable<ClosedSecret> Of(DatabaseState state)
    {
        foreach (var (field, reference, key, value) in StoredValue.Of(state))
        {
            // Whatever the key of the map says: another version may have taken it for a secret.
            if (SealedText.TryParse(value, out var text))
            {
                yield return new(field.Class, reference, key.Length == 0 ? field.Field.Name : $"{field.Field.Name}:{key}", text.KeyId);
            }
        }
    }
}
