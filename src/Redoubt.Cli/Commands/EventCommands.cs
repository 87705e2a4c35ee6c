using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Fields;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Waiting for something to happen.</summary>
internal static class EventCommands
{
    // A proxy that cuts idle calls does so after a minute at the earliest.
    private const double LongestWaitSeconds = 30;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "event-wait", "Waits until an object of a class meets all conditions: event-wait class=vm uuid=UUID power-state=running.",
            WaitAsync) with
        {
            Required = ["class"],
            AcceptsOther = _ => true,
            OtherHelp = "conditions, as in a list of that class",
        },
    ];

    private static async Task WaitAsync(CommandContext context)
    {
        var name = context.Parameters.Get("class");
        var of = XeClasses.Find(name) ?? throw new UsageException($"There is no class '{name}'.");
        var filters = context.Parameters.All.Where(p => p.Key is not ("class" or "minimal"))
            .Select(p => FieldFilter.Parse(of, p.Key, p.Value)).ToList();
        var api = await context.ConnectAsync();
        var token = "";
        while (true)
        {
            // The first batch holds all objects, so nothing that happens between it and the look at the records is missed.
            var batch = await api.CallRawAsync(
                "event.from", [(string[])[of.ClassName.ToLowerInvariant()], token, LongestWaitSeconds], context.CancellationToken);
            token = ((batch as WireStruct)?["token"] ?? throw new WireFormatException("event batch", batch)).AsString("token");
            var cache = new RecordCache(api, context.CancellationToken);
            if ((await ObjectQuery.RunAsync(api, of, cache, filters, context.CancellationToken)).Count > 0)
            {
                return;
            }
        }
    }
}
