namespace Redoubt.Cli.Output;

/// <summary>Where results, messages and progress go. Results alone go to standard output, so that scripts can read them.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool isInteractive)
{
    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>Whether somebody is watching, so that a line may be overwritten.</summary>
    public bool IsInteractive => isInteractive;

    public void PrintLine(string text) => output.Write(text + "\n");

    public void ErrorLine(string text) => error.Write(text + "\n");
}
