using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>A part of a report: a heading, and a table or a list.</summary>
/// <param name="Heading">The heading.</param>
/// <param name="Columns">The table's columns; none for a list.</param>
/// <param name="Rows">The rows; of a list, with one cell each.</param>
internal sealed record ReportSection(string Heading, ImmutableArray<string> Columns, ImmutableArray<ImmutableArray<string>> Rows);
