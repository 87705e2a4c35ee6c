using System.Collections.Frozen;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>What of a change goes into a journal.</summary>
internal static class Deltas
{
    // Every change goes over the fields of its row, so they are sorted out once.
    private static readonly FrozenDictionary<string, FieldModel[]> Persistent = DataModel.Classes.Values
        .ToFrozenDictionary(c => c.Name, c => c.AllFields.Where(f => f.IsPersistent).ToArray());

    // No journal has their changes, but the next whole database has them. What is computed of other rows is as clean as their references,
    // and to spell an SR's ten thousand disks for one that is added would make each dearer than the one before.
    private static readonly FrozenDictionary<string, FieldModel[]> Unjournalled = DataModel.Classes.Values
        .ToFrozenDictionary(c => c.Name, c => c.AllFields.Where(f => f is { IsPersistent: false, Relation: null }).ToArray());

    private static readonly FrozenDictionary<string, FieldModel[]> Keyed = Persistent
        .ToFrozenDictionary(c => c.Key, c => c.Value.Where(f => f.Type is IMapType map && map.Key == XenTypes.String).ToArray());

    private static readonly FrozenDictionary<FieldModel, SecretField> Secrets = DataModel.Classes.Values
        .SelectMany(c => SecretFields.Of(c)).ToFrozenDictionary(s => s.Field);

    /// <param name="change">The change.</param>
    /// <param name="seal">Seals the secrets that a field of a record has.</param>
    public static IEnumerable<Delta> Of(Change change, Func<SecretField, Record, Record> seal)
    {
        var (model, reference) = (change.Class, change.Ref);
        if (model.Kind != ClassKind.Persistent)
        {
            yield break;
        }

        switch (change)
        {
            case { Before: null, After: { } created }:
                yield return new Delta.CreateRow(model.Name, reference, StateDump.Columns(reference, SecretFields.Of(model).Aggregate(created.Record, (record, secret) => seal(secret, record))));
                break;
            case { After: null }:
                yield return new Delta.DeleteRow(model.Name, reference);
                break;
            case { Before: { } before, After: { } after }:
                foreach (var field in Persistent[model.Name])
                {
                    if (!field.AreEqual(before.Record, after.Record))
                    {
                        yield return new Delta.WriteField(model.Name, reference, field.Column, ClassModel.EncodeColumn(
                            field, Secrets.TryGetValue(field, out var secret) ? seal(secret, after.Record) : after.Record));
                    }
                }

                break;
        }
    }

    /// <summary>
    /// Refuses text that XML can't carry (control characters, halves of surrogate pairs): what is in the database must fit into a dump.
    /// </summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, with the field and the text, cleaned.</exception>
    public static void RequireText(IEnumerable<Delta> deltas, IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            if (change is { Class.Kind: ClassKind.Persistent, Before: { } before, After: { } after })
            {
                foreach (var field in Unjournalled[change.Class.Name].Where(f => !f.AreEqual(before.Record, after.Record)))
                {
                    RequireText(field.Column, ClassModel.EncodeColumn(field, after.Record));
                }
            }
        }

        foreach (var delta in deltas)
        {
            switch (delta)
            {
                case Delta.CreateRow created:
                    foreach (var (column, value) in created.Columns)
                    {
                        RequireText(column, value);
                    }

                    break;
                case Delta.WriteField written:
                    RequireText(written.Field, written.Value);
                    break;
            }
        }
    }

    /// <summary>xapi can't read a map with an empty key, so none gets into the database.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, with the field.</exception>
    public static void RequireKeys(IEnumerable<Change> changes)
    {
        foreach (var change in changes.Where(c => c is { Class.Kind: ClassKind.Persistent, After: not null }))
        {
            foreach (var field in Keyed[change.Class.Name])
            {
                if (field.Type is IMapType map && (change.Before is null || !field.AreEqual(change.Before.Record, change.After!.Record))
                    && map.Contains(field.GetValue(change.After!.Record)!, ""))
                {
                    throw new XenApiException("INVALID_VALUE", field.Name, "");
                }
            }
        }
    }

    /// <summary>Refuses text of one column.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, with the field and the text, cleaned.</exception>
    public static void RequireText(string column, string value)
    {
        var clean = XmlText.Clean(value);
        if (clean != value)
        {
            throw new XenApiException("INVALID_VALUE", column.Replace("__", "_", StringComparison.Ordinal), clean);
        }
    }
}
