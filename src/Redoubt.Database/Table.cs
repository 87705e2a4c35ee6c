using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>All objects of one class, found by reference, UUID and name. Immutable: a change makes a new table that shares nearly all of the old.</summary>
public sealed class Table
{
    private readonly ImmutableDictionary<string, Row> rows;
    private readonly ImmutableDictionary<string, string> byUuid;
    private readonly ImmutableDictionary<string, ImmutableSortedSet<string>> byName;
    private readonly FieldModel? uuid;
    private readonly FieldModel? name;

    private Table(Table like, ImmutableDictionary<string, Row> rows, ImmutableDictionary<string, string> byUuid, ImmutableDictionary<string, ImmutableSortedSet<string>> byName)
    {
        Class = like.Class;
        (uuid, name) = (like.uuid, like.name);
        (this.rows, this.byUuid, this.byName) = (rows, byUuid, byName);
    }

    private Table(ClassModel model)
    {
        Class = model;
        uuid = model.FindField("uuid");
        name = model.FindField("name_label");
        rows = ImmutableDictionary<string, Row>.Empty;
        byUuid = ImmutableDictionary<string, string>.Empty;
        byName = ImmutableDictionary<string, ImmutableSortedSet<string>>.Empty;
    }

    /// <summary>The class of the rows.</summary>
    public ClassModel Class { get; }

    /// <summary>The rows, in no order that means anything.</summary>
    public IEnumerable<Row> Rows => rows.Values;

    /// <summary>How many rows there are.</summary>
    public int Count => rows.Count;

    /// <summary>A table without rows.</summary>
    public static Table Empty(ClassModel model) => new(model);

    /// <summary>A table of these rows. Of rows that share a reference, the last counts.</summary>
    public static Table Of(ClassModel model, IEnumerable<Row> rows)
    {
        var empty = new Table(model);
        var byRef = empty.rows.ToBuilder();
        var byUuid = empty.byUuid.ToBuilder();
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
    public Row? Find(string reference) => rows.GetValueOrDefault(reference);

    /// <summary>The row of this UUID, or null.</summary>
    public Row? FindByUuid(string id) => byUuid.TryGetValue(id, out var reference) ? rows[reference] : null;

    /// <summary>The rows of this name, in the order of their references.</summary>
    public IEnumerable<Row> FindByName(string label) => byName.TryGetValue(label, out var references) ? references.Select(r => rows[r]) : [];

    /// <summary>A table in which this row stands in place of the one of the same reference.</summary>
    public Table With(Row row)
    {
        var old = Find(row.Ref);
        var ids = byUuid;
        var (oldId, newId) = (old is null ? null : UuidOf(old), UuidOf(row));
        if (oldId != newId)
        {
            ids = oldId is null ? ids : ids.Remove(oldId);
            ids = newId is null ? ids : ids.SetItem(newId, row.Ref);
        }

        var names = byName;
        var (oldName, newName) = (old is null ? null : NameOf(old), NameOf(row));
        if (oldName != newName)
        {
            names = oldName is null ? names : WithoutName(names, oldName, row.Ref);
            names = newName is null ? names : names.SetItem(newName, names.GetValueOrDefault(newName, NoRefs).Add(row.Ref));
        }

        return new(this, rows.SetItem(row.Ref, row), ids, names);
    }

    /// <summary>A table without the row of this reference.</summary>
    public Table Without(string reference)
    {
        if (Find(reference) is not { } old)
        {
            return this;
        }

        var ids = UuidOf(old) is { } id ? byUuid.Remove(id) : byUuid;
        var names = NameOf(old) is { } label ? WithoutName(byName, label, reference) : byName;
        return new(this, rows.Remove(reference), ids, names);
    }

    private static ImmutableSortedSet<string> NoRefs { get; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private static ImmutableDictionary<string, ImmutableSortedSet<string>> WithoutName(
        ImmutableDictionary<string, ImmutableSortedSet<string>> names, string label, string reference)
    {
        var left = names[label].Remove(reference);
        return left.IsEmpty ? names.Remove(label) : names.SetItem(label, left);
    }

    private string? UuidOf(Row row) => uuid?.GetValue(row.Record) is string { Length: > 0 } id ? id : null;

    private string? NameOf(Row row) => name?.GetValue(row.Record) as string;
}
