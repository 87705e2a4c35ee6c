namespace Redoubt.Cli.CommandLine;

/// <summary>The command line asks for something that can't be: nothing has been done, and the message says what to write instead.</summary>
/// <param name="message">For people.</param>
/// <param name="xe">The line that xe prints in this case, and that scripts may look for; it comes first.</param>
internal sealed class UsageException(string message, string? xe = null) : Exception(message)
{
    /// <summary>All that is printed.</summary>
    public string Words => xe is null ? Message : $"{xe}\n{Message}";
}
