namespace Redoubt.Console.Dashboard;

/// <summary>Something that is not as it should be, and what mends it.</summary>
/// <param name="Kind"><c>bad</c>, <c>warn</c> or <c>info</c>: how it is marked, and in which order it is listed.</param>
/// <param name="Title">What is wrong.</param>
/// <param name="Text">Why that matters.</param>
/// <param name="Mend">What mends it.</param>
public sealed record Issue(string Kind, string Title, string Text, Mend Mend);

/// <summary>What mends something: a call, or a page where it is decided.</summary>
/// <param name="Label">The words on the button.</param>
/// <param name="Page">The page; null for a call.</param>
/// <param name="Message">The message of the call.</param>
/// <param name="Argument">Its argument: what it is about.</param>
/// <param name="Command">The same on the command line.</param>
public sealed record Mend(string Label, string? Page, string Message = "", string Argument = "", string Command = "")
{
    /// <summary>What the call takes besides.</summary>
    public IReadOnlyList<object?> More { get; init; } = [];
}
