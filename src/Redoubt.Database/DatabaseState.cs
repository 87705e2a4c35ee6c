using System.Collections.Immutable;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// A whole pool database at one generation, as a value: what readers read, what a transaction starts from, what a foreign volume
/// turns into. Readers never block, and what they hold never changes under them.
/// </summary>
public sealed class DatabaseState
{
    private readonly ImmutableDictionary<string, Table> tables;

    internal DatabaseState(
        long generation, ImmutableDictionary<string, Table> tables, ImmutableArray<DumpTable> unknown, DumpManifest? origin)
    {
        Generation = generation;
        this.tables = tables;
        UnknownTables = unknown;
        Origin = origin;
    }

    /// <summary>A database without any object.</summary>
    public static DatabaseState Empty { get; } = new(0, ImmutableDictionary<string, Table>.Empty, [], null);

    /// <summary>How many changes the database has seen. Even after each transaction (see <c>docs/formats/journal.md</c>).</summary>
    public long Generation { get; }

    /// <summary>Tables of classes that this data model does not know, as they came.</summary>
    public ImmutableArray<DumpTable> UnknownTables { get; }

    /// <summary>The manifest of the dump that this state was read from; null for a database of our own.</summary>
    public DumpManifest? Origin { get; }

    /// <summary>The table of a class.</summary>
    public Table Table(ClassModel model) => tables.GetValueOrDefault(model.Name) ?? Database.Table.Empty(model);

    /// <summary>The record of this reference, or null.</summary>
    public T? Find<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() => reference.IsNull ? null : (T?)Table(T.Declaration).Find(reference.Opaque)?.Record;

    /// <summary>The record of this reference.</summary>
    /// <exception cref="XenApiException"><c>HANDLE_INVALID</c>: there is none.</exception>
    public T Get<T>(Ref<T> reference)
        where T : Record, IRecord<T>, new() =>
        Find(reference) ?? throw new XenApiException("HANDLE_INVALID", T.Declaration.Name, reference.Opaque);

    /// <summary>All records of a class.</summary>
    public IEnumerable<(Ref<T> Ref, T Record)> All<T>()
        where T : Record, IRecord<T>, new() => Table(T.Declaration).Rows.Select(r => (new Ref<T>(r.Ref), (T)r.Record));

    /// <summary>The object of this UUID, or the null reference.</summary>
    public Ref<T> FindByUuid<T>(string uuid)
        where T : Record, IRecord<T>, new() => new(Table(T.Declaration).FindByUuid(uuid)?.Ref);

    /// <summary>The objects of this name.</summary>
    public IEnumerable<Ref<T>> FindByName<T>(string label)
        where T : Record, IRecord<T>, new() => Table(T.Declaration).FindByName(label).Select(r => new Ref<T>(r.Ref));

    internal DatabaseState With(Table table) => new(Generation, tables.SetItem(table.Class.Name, table), UnknownTables, Origin);

    internal DatabaseState At(long generation) => new(generation, tables, UnknownTables, Origin);
}
