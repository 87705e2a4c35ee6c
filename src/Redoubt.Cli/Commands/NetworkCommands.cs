using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Networks.</summary>
internal static class NetworkCommands
{
    private const long EthernetMtu = 1500;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("network-create", "Makes a network; prints its UUID. Without bridge= the server chooses one.", CreateAsync) with
        {
            Required = ["name-label"],
            Optional = ["name-description", "MTU", "bridge", "managed"],
        },
        Command.Make("network-destroy", "Removes a network.", context => context.CallOnAsync("network", "destroy")) with { Required = ["uuid"] },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var network = new NetworkRecord
        {
            NameLabel = p.Get("name-label"),
            NameDescription = p.GetOr("name-description", ""),
            Mtu = p.FindInt("MTU") ?? EthernetMtu,
            Bridge = p.GetOr("bridge", ""),
            Managed = p.Flag("managed", otherwise: true),
        };
        await context.PrintUuidAsync("network", await context.CallAsync("network.create", network));
    }
}
