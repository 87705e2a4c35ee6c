namespace Redoubt.Cli.Commands;

/// <summary>What is asked of a host.</summary>
internal static class HostCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("host-call-plugin", "Has a host run a plug-in of its own, and prints what it answers.", CallPluginAsync) with
        {
            Required = ["host-uuid", "plugin", "fn"],
            Optional = ["args:"],
        },
    ];

    private static async Task CallPluginAsync(CommandContext context)
    {
        var p = context.Parameters;
        var answer = await context.CallAsync("host.call_plugin", await context.RefAsync("host", "host-uuid"), p.Get("plugin"), p.Get("fn"), p.Map("args"));
        context.Terminal.PrintLine(answer.AsString("string"));
    }
}
