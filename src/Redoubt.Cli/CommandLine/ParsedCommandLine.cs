namespace Redoubt.Cli.CommandLine;

/// <summary>A command line, taken apart: options, the command, and its parameters in their order.</summary>
internal sealed record ParsedCommandLine(GlobalOptions Options, string? Command, Parameters Parameters, IReadOnlyList<string> Words);
