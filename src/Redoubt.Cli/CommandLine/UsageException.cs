namespace Redoubt.Cli.CommandLine;

/// <summary>The command line asks for something that can't be: nothing has been done, and the message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
