namespace Redoubt.XenApi;

/// <summary>Names of a newer version in a record that becomes our own.</summary>
public static class NewerNames
{
    /// <summary>
    /// The record without what only another database could hold: columns this data model lacks are gone, and where it lacks a name the
    /// field has its default. Whoever keeps to the old record writes rows that nobody can read, genuine xapi least of all.
    /// </summary>
    public static T Drop<T>(T record)
        where T : Record
    {
        var model = record.DeclaredClass;
        var fresh = model.NewRecord();
        Record known = record;
        foreach (var field in model.AllFields.Where(f => f.FindUnrecognized(record) is not null))
        {
            known = field.With(known, field.GetValue(fresh));
        }

        return (T)(known with { Raw = null });
    }
}
