using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// All objects of one class, found by reference, UUID and name. Immutable: a change makes a new table that shares nearly all of the old.
/// </summary>
public sealed class Table
{
    private static readonly ConditionalWeakTable<ClassModel, Table> Empties = [];

    private readonly ImmutableDictionary<string, Row> _rows;
    private readonly ImmutableDictionary<string, string> _byUuid;
    private readonly ImmutableDictionary<string, ImmutableSortedSet<string>> _byName;
    private readonly FieldModel? _uuid;
    private readonly FieldModel? _name;

    private Table(
        Table like, ImmutableDictionary<string, Row> rows, ImmutableDictionary<string, string> byUuid,
        ImmutableDictionary<string, ImmutableSortedSet<string>> byName)
    {
        Class = like.Class;
        (_uuid, _name) = (like._uuid, like._name);
        (_rows, _byUuid, _byName) = (rows, byUuid, byName);
    }

    private Table(ClassModel model)
    {
        Class = model;
        _uuid = model.FindField("uuid");
        _name = model.FindField("name_label");
        _rows = ImmutableDictionary<string, Row>.Empty;
        _byUuid = ImmutableDictionary<string, string>.Empty;
        _byName = ImmutableDictionary<string, ImmutableSortedSet<string>>.Empty;
    }

    /// <summary>The class of the rows.</summary>
    public ClassModel Class { get; }

    /// <summary>The rows, in no order that means anything.</summary>
    public IEnumerable<Row> Rows => _rows.Values;

    /// <summary>How many rows there are.</summary>
    public int Count => _rows.Count;

    /// <summary>The table without rows: one for each class, so that it is seen to be the same.</summary>
    public static Table Empty(ClassModel model) => Empties.GetValue(model, m => new(m));

    /// <summary>A table of these rows. Of rows that share a reference, the last counts.</summary>
    public static Table Of(ClassModel model, IEnumerable<Row> rows)
    {
        var empty = new Table(model);
        var byRef = empty._rows.ToBuilder();
        var byUuid = empty._byUuid.ToBuilder();
        var names = new Dictionary<string, ImmutableSortedSet<string>.Builder>();
        foreach (var row in rows)
        {
            byRef[row.Ref] = row;
            if (empty.UuidOf(row) is { } id)
            {
                byUuid[id] = row.Ref;
            }

            if (empty.NameOf(row) is { } label)
            {
                if (!names.TryGetValue(label, out var same))
                {
                    names[label] = same = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
                }

                same.Add(row.Ref);
            }
        }

        return new(empty, byRef.ToImmutable(), byUuid.ToImmutable(), names.ToImmutableDictionary(n => n.Key, n => n.Value.ToImmutable()));
    }

    /// <summary>The row of this reference, or null.</summary>
    public Row? Find(string reference) => _rows.GetValueOrDefault(reference);

    /// <summary>The row of this UUID, or null.</summary>
    public Row? FindByUuid(string id) => _byUuid.TryGetValue(id, out var reference) ? _rows[reference] : null;

    /// <summary>The rows of this name, in the order of their references.</summary>
    public IEnumerable<Row> FindByName(string label) =>
        _byName.TryGetValue(label, out var references) ? references.Select(r => _rows[r]) : [];

    /// <summary>A table in which this row stands in place of the one of the same reference.</summary>
    public Table With(Row row) => Find(row.Ref) is { } old && UuidOf(old) == UuidOf(row) && NameOf(old) == NameOf(row)
        ? new(this, _rows.SetItem(row.Ref, row), _byUuid, _byName)
        : With([row]);

    /// <summary>As <see cref="With(Row)"/> with each of them in turn; with many at a fraction of the cost.</summary>
    public Table With(IEnumerable<Row> rows)
    {
        var (byRef, byUuid, byName) = (_rows.ToBuilder(), _byUuid.ToBuilder(), _byName.ToBuilder());
        foreach (var row in rows)
        {
            var old = byRef.TryGetValue(row.Ref, out var found) ? found : null;
            byRef[row.Ref] = row;
            var (oldId, newId) = (old is null ? null : UuidOf(old), UuidOf(row));
            if (oldId != newId)
            {
                if (oldId is not null)
                {
                    byUuid.Remove(oldId);
                }

                if (newId is not null)
                {
                    byUuid[newId] = row.Ref;
                }
            }

            var (oldName, newName) = (old is null ? null : NameOf(old), NameOf(row));
            if (oldName != newName)
            {
                if (oldName is not null && byName[oldName].Remove(row.Ref) is var left)
                {
                    byName[oldName] = left;
                    if (left.IsEmpty)
                    {
                        byName.Remove(oldName);
                    }
                }

                if (newName is not null)
                {
                    byName[newName] = byName.GetValueOrDefault(newName, NoRefs).Add(row.Ref);
                }
            }
        }

        return new(this, byRef.ToImmutable(), byUuid.ToImmutable(), byName.ToImmutable());
    }

    /// <summary>A table without the row of this reference.</summary>
    public Table Without(string reference)
    {
        if (Find(reference) is not { } old)
        {
            return this;
        }

        var ids = UuidOf(old) is { } id ? _byUuid.Remove(id) : _byUuid;
        var names = NameOf(old) is { } label ? WithoutName(_byName, label, reference) : _byName;
        return new(this, _rows.Remove(reference), ids, names);
    }

    private static ImmutableSortedSet<string> NoRefs { get; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private static ImmutableDictionary<string, ImmutableSortedSet<string>> WithoutName(
        ImmutableDictionary<string, ImmutableSortedSet<string>> names, string label, string reference)
    {
        var left = names[label].Remove(reference);
        return left.IsEmpty ? names.Remove(label) : names.SetItem(label, left);
    }

    private string? UuidOf(Row row) => _uuid?.GetValue(row.Record) is string { Length: > 0 } id ? id : null;

    private string? NameOf(Row row) => _name?.GetValue(row.Record) as string;
}
