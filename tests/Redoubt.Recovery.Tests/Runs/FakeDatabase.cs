using Redoubt.XenApi;
using Record = Redoubt.XenApi.Record;

namespace Redoubt.Recovery.Tests;

/// <summary>The rows of one pool, by reference. Sets that are computed from other rows are computed when a row is read.</summary>
internal sealed class FakeDatabase
{
    private readonly SortedDictionary<string, Record> _rows = new(StringComparer.Ordinal);
    private int _last;

    public Ref<T> Add<T>(T record, string? uuid = null)
        where T : Record, IRecord<T>, new()
    {
        var id = $"{T.Declaration.Name}-{++_last:d4}";
        var field = T.Declaration.FindField("uuid");
        _rows.Add("OpaqueRef:" + id, field is null ? record : (T)field.With(record, uuid ?? Uuid(T.Declaration.Name, _last)));
        return new("OpaqueRef:" + id);
    }

    public T Get<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() => (T)Get(T.Declaration, reference.Opaque);

    public Record Get(ClassModel model, string reference) => _rows.TryGetValue(reference, out var row) && row.DeclaredClass == model
        ? WithRelations(reference, row)
        : throw new XenApiException("HANDLE_INVALID", model.Name, reference);

    public bool Has(string reference) => _rows.ContainsKey(reference);

    public void Set<T>(Ref<T> reference, Func<T, T> change)
        where T : Record, IRecord<T>, new() => _rows[reference.Opaque] = change(Get(reference));

    /// <summary>Puts a row in the place of what it was.</summary>
    public void Put(string reference, Record row) => _rows[reference] = row;

    public void Remove(string reference) => _rows.Remove(reference);

    public IReadOnlyList<(string Ref, Record Record)> All(ClassModel model) =>
        [.. _rows.Where(r => r.Value.DeclaredClass == model).ToList().Select(r => (r.Key, WithRelations(r.Key, r.Value)))];

    public IEnumerable<(Ref<T> Ref, T Record)> All<T>()
        where T : Record, IRecord<T>, new() => All(T.Declaration).Select(r => (new Ref<T>(r.Ref), (T)r.Record));

    public (string Ref, Record Record) ByUuid(ClassModel model, string uuid) =>
        All(model).FirstOrDefault(r => (string)model.FindField("uuid")!.GetValue(r.Record)! == uuid) is { Ref: not null } found
            ? found
            : throw new XenApiException("UUID_INVALID", model.Name, uuid);

    public Ref<T> Find<T>(string uuid)
        where T : Record, IRecord<T>,
        new() => All<T>().FirstOrDefault(r => (string)T.Declaration.FindField("uuid")!.GetValue(r.Record)! == uuid).Ref;

    /// <summary>The rows as they are now, which later changes don't change.</summary>
    public FakeDatabase Snapshot()
    {
        var copy = new FakeDatabase { _last = _last };
        foreach (var (reference, row) in _rows)
        {
            copy._rows.Add(reference, row);
        }

        return copy;
    }

    private static string Uuid(string name, int number) => $"{name.Length:x8}-0000-4000-8000-{number:x12}";

    private Record WithRelations(string reference, Record row)
    {
        foreach (var field in row.DeclaredClass.Fields.Where(f => f.Relation is not null))
        {
            if (DataModel.FindClass(field.Relation!.Class) is { } other && other.FindField(field.Relation.Field) is { Type: IRefType } back)
            {
                var members = _rows.Where(r => r.Value.DeclaredClass == other && ((IRef)back.GetValue(r.Value)!).Opaque == reference)
                    .Select(r => new WireString(r.Key));
                row = field.With(row, field.Type.ReadObject(new WireArray([.. members])));
            }
        }

        return row;
    }
}
