using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// A set of changes that become visible, durable and published together or not at all. It lives only inside
/// <see cref="PoolDatabase.WriteAsync{T}"/>, on one thread; an exception there leaves the database as it was.
/// </summary>
public sealed class Transaction
{
    private readonly DatabaseState start;
    private readonly Func<Guid> newId;
    private readonly Dictionary<(string Class, string Ref), ClassModel> touched = [];

    /// <summary>
    /// A transaction that stands by itself, for working out a state: its changes are in <see cref="State"/> and nowhere else.
    /// </summary>
    public Transaction(DatabaseState start, Func<Guid> newId)
    {
        this.start = start;
        this.newId = newId;
        State = start;
    }

    /// <summary>The generation that the transaction's must be above.</summary>
    internal long Floor { get; private set; } = -1;

    /// <summary>The database as this transaction has made it so far.</summary>
    public DatabaseState State { get; private set; }

    /// <inheritdoc cref="DatabaseState.Get{T}"/>
    public T Get<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() => State.Get(reference);

    /// <inheritdoc cref="DatabaseState.Find{T}"/>
    public T? Find<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() => State.Find(reference);

    /// <summary>A UUID that no object has.</summary>
    public string NewUuid() => newId().ToString("D");

    /// <summary>Adds an object; one without a UUID gets one.</summary>
    /// <exception cref="XenApiException"><c>UUID_ALREADY_EXISTS</c>: another object of the class has the UUID.</exception>
    public Ref<T> Create<T>(T record)
        where T : Record, IRecord<T>, new() => new(Create(T.Declaration, record));

    /// <summary>Adds an object of a class known only when the program runs.</summary>
    /// <exception cref="XenApiException"><c>UUID_ALREADY_EXISTS</c>: another object of the class has the UUID.</exception>
    public string Create(ClassModel model, Record record)
    {
        var named = Named(model, record);
        var reference = RefText.Of(newId());
        Put(model, reference, named);
        return reference;
    }

    /// <summary>Adds objects of one class; with many at a fraction of what one after the other costs.</summary>
    /// <exception cref="XenApiException"><c>UUID_ALREADY_EXISTS</c>: one has the UUID of another object of the class.</exception>
    public void CreateAll<T>(IEnumerable<T> records)
        where T : Record, IRecord<T>, new()
    {
        var model = T.Declaration;
        var rows = records.Select(r => new Row(RefText.Of(newId()), Named(model, r), 0, 0)).ToList();
        if (model.FindField("uuid") is { } uuid
            && rows.GroupBy(r => (string)uuid.GetValue(r.Record)!).FirstOrDefault(g => g.Skip(1).Any()) is { Key: var twice })
        {
            throw new XenApiException("UUID_ALREADY_EXISTS", model.Name, twice);
        }

        var sets = new Dictionary<(ClassModel Parent, FieldModel Set, string ParentRef), List<string>>();
        foreach (var row in rows)
        {
            touched[(model.Name, row.Ref)] = model;
            foreach (var (parent, set, parentRef, _) in Relations.Changes(model, null, row.Record))
            {
                if (!sets.TryGetValue((parent, set, parentRef), out var children))
                {
                    sets[(parent, set, parentRef)] = children = [];
                }

                children.Add(row.Ref);
            }
        }

        State = State.With(State.Table(model).With(rows));
        foreach (var ((parent, set, parentRef), children) in sets)
        {
            var table = State.Table(parent);
            if (table.Find(parentRef) is { } row)
            {
                touched[(parent.Name, parentRef)] = parent;
                State = State.With(table.With(row with { Record = Relations.Add(row.Record, set, children) }));
            }
        }
    }

    /// <summary>Changes an object.</summary>
    /// <exception cref="XenApiException"><c>HANDLE_INVALID</c>: there is no such object.</exception>
    public void Update<T>(Ref<T> reference, Func<T, T> change)
        where T : Record, IRecord<T>, new() => Put(T.Declaration, reference.Opaque, change(Get(reference)));

    /// <summary>Changes an object of a class known only when the program runs.</summary>
    /// <exception cref="XenApiException"><c>HANDLE_INVALID</c>: there is no such object.</exception>
    public void Update(ClassModel model, string reference, Func<Record, Record> change)
    {
        var row = State.Table(model).Find(reference) ?? throw new XenApiException("HANDLE_INVALID", model.Name, reference);
        Put(model, reference, change(row.Record));
    }

    /// <summary>Removes an object; removing what is not there does nothing.</summary>
    public void Delete<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() => Delete(T.Declaration, reference.Opaque);

    /// <summary>Removes an object of a class known only when the program runs.</summary>
    public void Delete(ClassModel model, string reference)
    {
        var table = State.Table(model);
        if (table.Find(reference) is not { } row)
        {
            return;
        }

        touched[(model.Name, reference)] = model;
        State = State.With(table.Without(reference));
        Relate(model, reference, row.Record, null);
    }

    /// <summary>
    /// Puts a row under a reference that is known already, whether there is one or not; for what comes from another database.
    /// </summary>
    public void Put(ClassModel model, string reference, Record record)
    {
        var table = State.Table(model);
        var old = table.Find(reference);
        touched[(model.Name, reference)] = model;
        State = State.With(table.With(old is null ? new Row(reference, record, 0, 0) : old with { Record = record }));
        Relate(model, reference, old?.Record, record);
    }

    /// <summary>
    /// Makes the generation after this transaction higher than one that another copy of this database has reached. A reader takes the
    /// copy with the higher one for the newer.
    /// </summary>
    public void Follow(long generation) => Floor = Math.Max(Floor, generation);

    /// <summary>What the transaction has changed, in the order in which it touched the objects.</summary>
    internal List<Change> Changes()
    {
        var changes = new List<Change>(touched.Count);
        foreach (var ((_, reference), model) in touched)
        {
            var (before, after) = (start.Table(model).Find(reference), State.Table(model).Find(reference));
            if (before is null || after is null)
            {
                if (before != after)
                {
                    changes.Add(new(model, reference, before, after));
                }
            }
            else if (Differing(before.Record, after.Record) is { Count: > 0 } differing)
            {
                changes.Add(new(model, reference, before, after) { Differing = differing });
            }
        }

        return changes;
    }

    /// <summary>Gives the changed rows the generation of the transaction, which is known only now.</summary>
    internal DatabaseState Finish(IReadOnlyList<Change> changes, long generation)
    {
        if (changes is [{ After: { } row } only])
        {
            return State.With(State.Table(only.Class).With(Finished(only, row))).At(generation);
        }

        var state = State;
        foreach (var of in changes.Where(c => c.After is not null).GroupBy(c => c.Class))
        {
            state = state.With(state.Table(of.Key).With(of.Select(c => Finished(c, c.After!))));
        }

        return state.At(generation);

        Row Finished(Change change, Row after) => after with { Created = change.Before?.Created ?? generation, Modified = generation };
    }

    // Without a UUID it gets one.
    private Record Named(ClassModel model, Record record)
    {
        var uuid = model.FindField("uuid");
        if (uuid?.GetValue(record) is "")
        {
            return uuid.With(record, NewUuid());
        }

        return uuid is null || State.Table(model).FindByUuid((string)uuid.GetValue(record)!) is null
            ? record
            : throw new XenApiException("UUID_ALREADY_EXISTS", model.Name, (string)uuid.GetValue(record)!);
    }

    private static List<FieldModel> Differing(Record a, Record b)
    {
        var differing = new List<FieldModel>();
        if (ReferenceEquals(a, b))
        {
            return differing;
        }

        var fields = a.DeclaredClass.AllFields;
        for (var i = 0; i < fields.Count; i++)
        {
            if (!fields[i].AreEqual(a, b))
            {
                differing.Add(fields[i]);
            }
        }

        return differing;
    }

    private void Relate(ClassModel model, string reference, Record? before, Record? after)
    {
        foreach (var (parent, set, parentRef, add) in Relations.Changes(model, before, after))
        {
            var table = State.Table(parent);
            if (table.Find(parentRef) is { } row)
            {
                touched[(parent.Name, parentRef)] = parent;
                State = State.With(table.With(row with { Record = Relations.Apply(row.Record, set, reference, add) }));
            }
        }
    }
}
