using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The links between hosts and SRs.</summary>
internal static class PbdCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("pbd-create", "Says how a host reaches an SR; attaches nothing. Prints the PBD's UUID.", CreateAsync) with
        {
            Required = ["host-uuid", "sr-uuid"],
            Optional = ["device-config:"],
        },
        On("pbd-plug", "plug", "Attaches the SR to the host."),
        On("pbd-unplug", "unplug", "Detaches the SR from the host."),
        On("pbd-destroy", "destroy", "Forgets how the host reaches the SR."),
    ];

    private static Command On(string name, string message, string help) =>
        Command.Make(name, help, context => context.CallOnAsync("PBD", message)) with { Required = ["uuid"] };

    private static async Task CreateAsync(CommandContext context)
    {
        var pbd = new PbdRecord
        {
            Host = new(await context.RefAsync("host", "host-uuid")),
            Sr = new(await context.RefAsync("SR", "sr-uuid")),
            DeviceConfig = context.Parameters.Map("device-config").ToImmutableSortedDictionary(),
        };
        await context.PrintUuidAsync("PBD", await context.CallAsync("PBD.create", pbd));
    }
}
