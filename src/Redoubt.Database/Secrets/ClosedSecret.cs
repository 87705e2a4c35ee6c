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
        foreach (var model in DataModel.Classes.Values.Where(c => c.Kind == ClassKind.Persistent))
        {
            var fields = SecretFields.Of(model);
            foreach (var row in fields.IsEmpty ? [] : state.Table(model).Rows)
            {
                foreach (var closed in Of(model, row, fields))
                {
                    yield return closed;
                }
            }
        }
    }

    private static List<ClosedSecret> Of(ClassModel model, Row row, IEnumerable<SecretField> fields)
    {
        var found = new List<ClosedSecret>();
        foreach (var field in fields)
        {
            field.Replace(row.Record, (_, value) => value.StartsWith(SealedText.Prefix, StringComparison.Ordinal), (key, value) =>
            {
                if (SealedText.TryParse(value, out var text))
                {
                    found.Add(new(model, row.Ref, key.Length == 0 ? field.Field.Name : $"{field.Field.Name}:{key}", text.KeyId));
                }

                return value;
            });
        }

        return found;
    }
}
