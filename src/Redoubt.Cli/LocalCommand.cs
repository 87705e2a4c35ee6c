using Redoubt.Cli.Output;

namespace Redoubt.Cli;

/// <summary>A command that needs no server.</summary>
/// <param name="Name">The name.</param>
/// <param name="Help">What it does, in a line.</param>
/// <param name="Run">Does it, given the words after its name; gives the exit code.</param>
internal sealed record LocalCommand(string Name, string Help, Func<IReadOnlyList<string>, Terminal, CancellationToken, Task<int>> Run)
{
    /// <summary>Its options, each with what it means; null if it has none.</summary>
    public string? Details { get; init; }
}
