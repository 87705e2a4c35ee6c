namespace Redoubt.Cli.Commands;

/// <summary>One command: what it is called, what it takes, and what it does once its parameters are known to be right.</summary>
/// <param name="Name">The name.</param>
/// <param name="Help">What it does, in a line.</param>
/// <param name="Run">Does it. The exit code is the command's to choose.</param>
internal sealed record Command(string Name, string Help, Func<CommandContext, Task<int>> Run)
{
    /// <summary>Parameters that must be given.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Parameters that may be given; a colon at the end stands for all of a map, <c>device-config:key=value</c>.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    /// <summary>Which further parameters it takes, if any: fields to filter by, or to set.</summary>
    public Func<string, bool>? AcceptsOther { get; init; }

    /// <summary>
    /// Whether it opens files or connections of the machine that it runs on, under names that are not those of parameters with "file" in
    /// them. The server never runs such a command for somebody else.
    /// </summary>
    public bool IsForThisMachine { get; init; }

    /// <summary>Whether it is about one host by itself, which may have no coordinator: it logs in there alone.</summary>
    public bool IsForOneHost { get; init; }

    /// <summary>
    /// Whether it opens the files that its parameters name through <see cref="CommandContext.Files"/> and no others, so that they are files
    /// of whoever sent the command.
    /// </summary>
    public bool HasCallersFiles { get; init; }

    /// <summary>
    /// The names of these, as the completion of a shell wants them: fields, maps with a colon after them, or xe's word for conditions.
    /// </summary>
    public Func<IEnumerable<string>>? OtherNames { get; init; }

    /// <summary>What the help says of <see cref="AcceptsOther"/>.</summary>
    public string? OtherHelp { get; init; }

    /// <summary>Makes a command that succeeds unless it throws.</summary>
    public static Command Make(string name, string help, Func<CommandContext, Task> run) => new(name, help, async context =>
    {
        await run(context);
        return CommandLine.ExitCode.Success;
    });

    /// <summary>Makes a command that sends a message about the one object that <c>uuid=</c> names.</summary>
    public static Command OnObject(string name, string className, string message, string help) =>
        Make(name, help, context => context.CallOnAsync(className, message)) with { Required = ["uuid"] };
}
