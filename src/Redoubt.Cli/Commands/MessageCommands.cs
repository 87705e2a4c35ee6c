using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>Messages for people.</summary>
internal static class MessageCommands
{
    // The parameter that says what a message is about, and its class.
    private static readonly (string Parameter, string Cls)[] About = [("vm-uuid", "VM"), ("host-uuid", "Host"), ("sr-uuid", "SR"), ("pool-uuid", "Pool")];

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("message-create", "Tells people something about an object, which one of the UUIDs names.", CreateAsync) with
        {
            Required = ["name", "priority"],
            Optional = ["body", .. About.Select(a => a.Parameter)],
        },
        Command.OnObject("message-destroy", "message", "destroy", "Removes a message."),
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var named = About.Where(a => p.Find(a.Parameter) is not null).ToList();
        var (parameter, cls) = named is [var one]
            ? one
            : throw new UsageException(
                $"Give one of {string.Join(", ", About.Select(a => a.Parameter + "="))}: what the message is about.");
        await context.CallAsync(
            "message.create", p.Get("name"), Parameters.ParseInt("priority", p.Get("priority")), cls, p.Get(parameter),
            p.GetOr("body", ""));
    }
}
