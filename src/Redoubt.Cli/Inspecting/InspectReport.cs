using Redoubt.Inspection;

namespace Redoubt.Cli.Inspecting;

/// <summary>
/// All that <c>redoubt inspect</c> says, as <c>--json</c> prints it. These names are a contract, written down in
/// <c>docs/formats/inspect.md</c>: something may be added, nothing renamed.
/// </summary>
internal sealed record InspectReport
{
    /// <summary>Rises when a reader of the old form would be misled.</summary>
    public int Version { get; init; } = 1;

    public required string Path { get; init; }

    /// <summary><c>volume</c>, <c>dump</c>, <c>location</c>, or <c>unknown</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What is wrong with the location itself; null if nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>The SRs of a location; empty for anything else.</summary>
    public IReadOnlyList<LocationSr> Srs { get; init; } = [];

    /// <summary>The databases: one for a file, one for each metadata volume of a location.</summary>
    public required IReadOnlyList<DatabaseReport> Databases { get; init; }
}
