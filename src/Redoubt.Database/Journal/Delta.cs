using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>One change to a database, as the log records it. A closed set of three.</summary>
/// <param name="Table">The table.</param>
/// <param name="Ref">The row.</param>
public abstract record Delta(string Table, string Ref)
{
    /// <summary>A row appears, with every column its class has.</summary>
    /// <param name="Table">The table; the database must have it.</param>
    /// <param name="Ref">The row; if it exists, it must be identical.</param>
    /// <param name="Columns">All columns, <c>_ref</c> included.</param>
    public sealed record CreateRow(string Table, string Ref, RowColumns Columns) : Delta(Table, Ref);

    /// <summary>A row disappears.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Ref">The row; it must exist.</param>
    public sealed record DeleteRow(string Table, string Ref) : Delta(Table, Ref);

    /// <summary>A column gets another value.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Ref">The row; it must exist.</param>
    /// <param name="Field">The column; the row must have it.</param>
    /// <param name="Value">The new value, of a set or map the whole of it.</param>
    public sealed record WriteField(string Table, string Ref, string Field, string Value) : Delta(Table, Ref);
}
