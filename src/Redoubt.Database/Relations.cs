using System.Collections.Frozen;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// Keeps computed sets of references (<c>VM.VBDs</c>) true to the fields they are computed from (<c>VBD.VM</c>). The cost of a change
/// does not depend on how many objects refer to the same one.
/// </summary>
internal static class Relations
{
    /// <summary>By class: its fields that feed a computed set of another class.</summary>
    private static readonly FrozenDictionary<string, (FieldModel Field, ClassModel Parent, FieldModel Set)[]> Feeding =
        DataModel.Classes.Values
            .SelectMany(parent => parent.AllFields.Where(f => f.Relation is not null).Select(set => (parent, set)))
            .Select(p => (Child: DataModel.Classes[p.set.Relation!.Class], p.parent, p.set))
            .GroupBy(p => p.Child.Name, p => (Field: p.Child.FindField(p.set.Relation!.Field)!, Parent: p.parent, Set: p.set))
            .ToFrozenDictionary(g => g.Key, g => g.ToArray());

    /// <summary>The sets that must change when a row changes from one record to another (null: it did not or does not exist).</summary>
    public static IEnumerable<(ClassModel Parent, FieldModel Set, string ParentRef, bool Add)> Changes(
        ClassModel model, Record? before, Record? after)
    {
        foreach (var (field, parent, set) in Feeding.GetValueOrDefault(model.Name, []))
        {
            if (before is not null && after is not null && field.AreEqual(before, after))
            {
                continue;
            }

            var (old, now) = (Target(field, before), Target(field, after));
            if (old is not null)
            {
                yield return (parent, set, old, false);
            }

            if (now is not null)
            {
                yield return (parent, set, now, true);
            }
        }
    }

    /// <summary>A parent's record with one reference more or less in a computed set.</summary>
    public static Record Apply(Record parent, FieldModel set, string childRef, bool add)
    {
        var type = (ISetType)set.Type;
        var element = ((XenType)type.Element).ReadObject(new WireString(childRef))!;
        var value = set.GetValue(parent)!;
        return set.With(parent, add ? type.Add(value, element) : type.Remove(value, element));
    }

    /// <summary>A parent's record with more references in a computed set.</summary>
    public static Record Add(Record parent, FieldModel set, IEnumerable<string> childRefs)
    {
        var type = (ISetType)set.Type;
        return set.With(parent, type.AddAll(
            set.GetValue(parent)!, childRefs.Select(r => ((XenType)type.Element).ReadObject(new WireString(r))!)));
    }

    /// <summary>Computes all sets of a freshly loaded database.</summary>
    public static DatabaseState Rebuild(DatabaseState state)
    {
        var members = new Dictionary<(string Parent, string ParentRef, FieldModel Set), List<WireValue>>();
        foreach (var (child, feeds) in Feeding)
        {
            foreach (var row in state.Table(DataModel.Classes[child]).Rows)
            {
                foreach (var (field, parent, set) in feeds)
                {
                    if (Target(field, row.Record) is { } target)
                    {
                        if (!members.TryGetValue((parent.Name, target, set), out var list))
                        {
                            members[(parent.Name, target, set)] = list = [];
                        }

                        list.Add(new WireString(row.Ref));
                    }
                }
            }
        }

        foreach (var group in members.GroupBy(m => m.Key.Parent))
        {
            var table = state.Table(DataModel.Classes[group.Key]);
            var changed = new Dictionary<string, Row>();
            foreach (var ((_, parentRef, set), list) in group)
            {
                if ((changed.GetValueOrDefault(parentRef) ?? table.Find(parentRef)) is { } row)
                {
                    changed[parentRef] = row with { Record = set.With(row.Record, set.Type.ReadObject(new WireArray(list))) };
                }
            }

            state = state.With(table.With(changed.Values));
        }

        return state;
    }

    private static string? Target(FieldModel field, Record? record) =>
        record is not null && field.GetValue(record) is IRef { IsNull: false } reference ? reference.Opaque : null;
}
