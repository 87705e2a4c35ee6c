using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>What of a change goes into a journal.</summary>
internal static class Deltas
{
    public static IEnumerable<Delta> Of(Change change)
    {
        var (model, reference) = (change.Class, change.Ref);
        if (model.Kind != ClassKind.Persistent)
        {
            yield break;
        }

        switch (change)
        {
            case { Before: null, After: { } created }:
                yield return new Delta.CreateRow(model.Name, reference, StateDump.Columns(reference, created.Record));
                break;
            case { After: null }:
                yield return new Delta.DeleteRow(model.Name, reference);
                break;
            case { Before: { } before, After: { } after }:
                foreach (var field in model.AllFields)
                {
                    if (field.IsPersistent && !field.AreEqual(before.Record, after.Record))
                    {
                        yield return new Delta.WriteField(model.Name, reference, field.Column, ClassModel.EncodeColumn(field, after.Record));
                    }
                }

                break;
        }
    }
}
