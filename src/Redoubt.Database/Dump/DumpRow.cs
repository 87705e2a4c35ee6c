namespace Redoubt.Database.Dump;

/// <summary>One row of a table.</summary>
/// <param name="Ref">The row's reference, its key in the table.</param>
/// <param name="CreatedAt">
/// Generation at which it was created (<c>__ctime</c>): that of the database just before the change, so one less than the generation of
/// the delta that made it. 0 where the dump has none.
/// </param>
/// <param name="ChangedAt">Generation of the last change to the row (<c>__mtime</c>), counted in the same way.</param>
/// <param name="Columns">Every column, <c>_ref</c> included.</param>
public sealed record DumpRow(string Ref, long CreatedAt, long ChangedAt, RowColumns Columns);
