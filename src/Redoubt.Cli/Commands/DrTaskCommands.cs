namespace Redoubt.Cli.Commands;

/// <summary>Storage that is attached for the time of a recovery.</summary>
internal static class DrTaskCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("drtask-create", "Attaches replicated SRs for a recovery; prints the task's UUID.", CreateAsync) with
        {
            Required = ["type"],
            Optional = ["device-config:", "sr-whitelist"],
        },
        Command.OnObject("drtask-destroy", "DR_task", "destroy", "Lets go the SRs that no recovered VM needs."),
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var task = await context.CallAsync("DR_task.create", p.Get("type"), p.Map("device-config"), p.List("sr-whitelist"));
        await context.PrintUuidAsync("DR_task", task);
    }
}
