namespace Redoubt.Cli.Output;

/// <summary>Where results, messages and progress go. Results alone go to standard output, so that scripts can read them.</summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="isInteractive">Whether somebody is watching.</param>
/// <param name="readSecret">Reads a line that is not shown; null where nobody can type.</param>
/// <param name="readLine">Reads a line that is shown, null at its end; null where nobody can type.</param>
internal sealed class Terminal(
    TextWriter output, TextWriter error, bool isInteractive, Func<string>? readSecret = null, Func<string?>? readLine = null)
{
    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>Whether somebody is watching, so that a line may be overwritten.</summary>
    public bool IsInteractive => isInteractive;

    /// <summary>Whether somebody can be asked.</summary>
    public bool CanAsk => readSecret is not null;

    /// <summary>Prints a result and ends its line; what would make the terminal do something is printed as a word.</summary>
    public void PrintLine(string text) => Print(text + "\n");

    /// <summary>Prints a result that ends its lines itself.</summary>
    public void Print(string text) => output.Write(PlainLines.Data(text));

    /// <summary>Prints a message, without what would make the terminal do something.</summary>
    public void ErrorLine(string text) => error.Write(PlainLines.Of(text) + "\n");

    /// <summary>Asks for something that must not be seen.</summary>
    /// <exception cref="InvalidOperationException">Nobody can be asked.</exception>
    public string AskSecret(string question)
    {
        var read = readSecret ?? throw new InvalidOperationException("There is nobody to ask.");
        error.Write(PlainLines.Of(question));
        error.Flush();
        var answer = read();
        error.Write("\n");
        return answer;
    }

    /// <summary>Asks for a line; null if the input has ended.</summary>
    /// <exception cref="InvalidOperationException">Nobody can be asked.</exception>
    public string? Ask(string question)
    {
        var read = readLine ?? readSecret ?? throw new InvalidOperationException("There is nobody to ask.");
        error.Write(PlainLines.Of(question));
        error.Flush();
        return read();
    }
}
