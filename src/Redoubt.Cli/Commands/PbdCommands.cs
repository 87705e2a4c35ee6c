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
        Command.OnObject("pbd-plug", "PBD", "plug", "Attaches the SR to the host."),
        Command.OnObject("pbd-unplug", "PBD", "unplug", "Detaches the SR from the host."),
        Command.OnObject("pbd-destroy", "PBD", "destroy", "Forgets how the host reaches the SR."),
    ];

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
