namespace Redoubt.Cli.Serving;

/// <summary>One thing that an operator can say to a daemon, as <c>--name value</c> or as a line of the configuration file.</summary>
/// <param name="Name">Its name, the same at both places.</param>
/// <param name="Argument">What its value is, for the help; null for a switch.</param>
/// <param name="Meaning">What it means, and what holds where it is left out.</param>
internal sealed record ServeOption(string Name, string? Argument, string Meaning)
{
    /// <summary>Whether it may be said several times.</summary>
    public bool IsRepeatable { get; init; }

    /// <summary>The name of another option that must be said as well where this one is; null if it stands for itself.</summary>
    public string? Needs { get; init; }

    /// <summary>Whether it must be said somewhere.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether it concerns one start only, and has no place in a file that every start reads.</summary>
    public bool IsForOneStart { get; init; }

    /// <summary>What is wrong with a value, in a sentence; null if nothing is.</summary>
    public Func<string, string?> FindProblem { get; init; } = _ => null;

    /// <summary>Whether a command line is refused over it: a pool would run with it, and somebody not be told of something.</summary>
    public bool IsJudgedAtOnce { get; init; }

    /// <summary>A value to begin with, for the file.</summary>
    public string Example { get; init; } = "";
}
