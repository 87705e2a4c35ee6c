using System.Collections.Frozen;
using System.Collections.Immutable;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>What of a change goes into a journal.</summary>
internal static class Deltas
{
    private static readonly FrozenDictionary<FieldModel, SecretField> Secrets = DataModel.Classes.Values
        .SelectMany(c => SecretFields.Of(c)).ToFrozenDictionary(s => s.Field);

    /// <param name="changes">The changes, in their order.</param>
    /// <param name="seal">Seals the secrets that a field of a record has.</param>
    public static ImmutableArray<Delta> Of(IReadOnlyList<Change> changes, Func<SecretField, Record, Record> seal)
    {
        var deltas = ImmutableArray.CreateBuilder<Delta>(changes.Count);
        foreach (var change in changes)
        {
            var (model, reference) = (change.Class, change.Ref);
            switch (change)
            {
                case { Class.Kind: not ClassKind.Persistent }:
                    break;
                case { Before: null, After: { } created }:
                    deltas.Add(new Delta.CreateRow(model.Name, reference, StateDump.Columns(
                        reference, SecretFields.Of(model).Aggregate(created.Record, (record, secret) => seal(secret, record)))));
                    break;
                case { After: null }:
                    deltas.Add(new Delta.DeleteRow(model.Name, reference));
                    break;
                case { After: { } after }:
                    foreach (var field in change.Differing)
                    {
                        if (field.IsPersistent)
                        {
                            deltas.Add(new Delta.WriteField(model.Name, reference, field.Column, ClassModel.EncodeColumn(
                                field, Secrets.TryGetValue(field, out var secret) ? seal(secret, after.Record) : after.Record)));
                        }
                    }

                    break;
            }
        }

        return deltas.DrainToImmutable();
    }

    /// <summary>
    /// Refuses text that XML can't carry (control characters, halves of surrogate pairs): what is in the database must fit into a dump.
    /// </summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, with the field and the text, cleaned.</exception>
    public static void RequireText(IEnumerable<Delta> deltas, IEnumerable<Change> changes)
    {
        foreach (var change in changes)
        {
            if (change is { Class.Kind: ClassKind.Persistent, After: { } after })
            {
                foreach (var field in change.Differing)
                {
                    // No journal has the change, but the next whole database has it. What is computed of other rows is as clean as their
                    // references, and to spell an SR's ten thousand disks for one that is added would make each dearer than the one before.
                    if (field is { IsPersistent: false, Relation: null })
                    {
                        RequireText(field.Column, ClassModel.EncodeColumn(field, after.Record));
                    }
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
            foreach (var field in change.Before is null ? change.Class.AllFields : change.Differing)
            {
                if (field is { IsPersistent: true, Type: IMapType map } && map.Key == XenTypes.String
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
