namespace Redoubt.XenApi;

/// <summary>Names of a newer version in a record that becomes our own.</summary>
public static class NewerNames
{
    /// <summary>
    /// The record without what only another database could hold: columns this data model lacks are gone, elements of sets and maps whose
    /// name it lacks too, and where it lacks the only name the field has its default. Whoever keeps to the old record writes rows that
    /// nobody can read, genuine xapi least of all.
    /// </summary>
    public static T Drop<T>(T record)
        where T : Record
    {
        var model = record.DeclaredClass;
        var fresh = model.NewRecord();
        Record known = record;
        foreach (var field in model.AllFields.Where(f => f.FindUnrecognized(record) is not null))
        {
            known = field.WithRecognized(known, fresh);
        }

        return (T)(known with { Raw = null });
    }

    /// <summary>The fields in which a record has such names, each with what it says, in the database's spelling.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Of(Record record) => record.Raw is null
        ? []
        : record.DeclaredClass.AllFields.Select(f => (f.Name, f.FindUnrecognized(record)?.Spelling)).Where(f => f.Spelling is not null)
            .Select(f => KeyValuePair.Create(f.Name, f.Spelling!));
}
