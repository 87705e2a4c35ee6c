namespace Redoubt.Cli.Commands;

/// <summary>Devices that a running VM is to let go.</summary>
internal static class Unplugging
{
    /// <summary>Asks for one, with the message that <c>--force</c> chooses.</summary>
    public static async Task RunAsync(CommandContext context, string className) => await context.CallAsync(
        $"{className}.{(context.Parameters.Flag("force") ? "unplug_force" : "unplug")}", await context.RefAsync(className));
}
