namespace Redoubt.Cli.Commands;

/// <summary>Long work on the server.</summary>
internal static class TaskCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("task-cancel", "Asks a task to stop, and returns at once.", context => context.CallOnAsync("task", "cancel")) with { Required = ["uuid"] },
    ];
}
