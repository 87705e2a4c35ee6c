namespace Redoubt.Cli.Serving;

/// <summary>What somebody has said to a daemon: one option with its value.</summary>
/// <param name="Option">The option.</param>
/// <param name="Value">Its value; empty for a switch.</param>
/// <param name="Line">The line of the configuration file; null if it was said on the command line.</param>
internal sealed record ServeSaying(ServeOption Option, string Value, int? Line = null);
