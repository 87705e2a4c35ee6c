using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

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
        OnHost("host-enable", "enable", "Lets VMs be started on a host again."),
        OnHost("host-disable", "disable", "Has no VM started on a host until it is enabled again. What runs there runs on."),
        Command.Make("host-evacuate", "Moves what runs on a host elsewhere; says which VMs can't be moved, and why.", EvacuateAsync) with
        {
            Optional = Which,
        },
        Command.Make(
            "host-get-vms-which-prevent-evacuation", "Which VMs can't leave a host, each with the reason.", ShowObstaclesAsync) with
        {
            Optional = Which,
        },
        OnHost("host-shutdown", "shutdown", "Checks that a host is disabled and runs no VM; the machine itself is stopped there."),
        OnHost("host-reboot", "reboot", "Likewise, before it is rebooted."),
        Command.Make(
            "host-forget", "Forgets a host that is gone for good, which otherwise goes on counting for the majority.",
            ForgetAsync) with
        {
            Optional = [.. Which, "force"],
        },
        Command.Make(
            "host-declare-dead", "On your word that a host is off for good or cut off from all storage: its VMs may be started elsewhere.",
            DeclareDeadAsync) with
        {
            Optional = [.. Which, "start-vms", "force"],
        },
    ];

    private static IReadOnlyList<string> Which => ["uuid", "host"];

    /// <summary>Finds a host by its name or UUID.</summary>
    /// <exception cref="UsageException">None is named so, or several are.</exception>
    public static async Task<string> FindAsync(CommandContext context, string nameOrUuid)
    {
        var hosts = await context.CallAsync("host.get_all_records");
        var found = hosts.AsStruct("hosts").Where(h => h.Value is WireStruct host && IsNamed(host, nameOrUuid)).Select(h => h.Key).ToList();
        return found is [var only] ? only : throw new UsageException($"{found.Count} hosts are named '{nameOrUuid}'.");
    }

    private static bool IsNamed(WireStruct host, string nameOrUuid) =>
        (host["uuid"], host["name_label"]) is (WireString uuid, WireString name) && (uuid.Value == nameOrUuid || name.Value == nameOrUuid);

    private static Command OnHost(string name, string message, string help) =>
        Command.Make(name, help, async context => await context.CallAsync($"host.{message}", await ChosenAsync(context))) with
        {
            Optional = Which,
        };

    private static Task<string> ChosenAsync(CommandContext context) =>
        (context.Parameters.Find("uuid") ?? context.Parameters.Find("host")) is { } named
            ? FindAsync(context, named)
            : throw new UsageException("Which host? Give host=NAME or uuid=UUID; host-list shows them.");

    private static async Task EvacuateAsync(CommandContext context) =>
        await context.RunTaskAsync("Evacuating", "host.evacuate", [await ChosenAsync(context), default(Ref<NetworkRecord>), 0L]);

    private static async Task ShowObstaclesAsync(CommandContext context)
    {
        var obstacles = await context.CallAsync("host.get_vms_which_prevent_evacuation", await ChosenAsync(context));
        foreach (var (vm, why) in obstacles.AsStruct("VMs"))
        {
            var words = why.AsArray("reasons").Select(w => w.AsString("word")).ToList();
            var uuid = (await context.CallAsync("VM.get_uuid", vm)).AsString("uuid");
            var reason = ErrorSentences.Of(new XenApiException(words[0], [.. words.Skip(1)]));
            context.Terminal.PrintLine(PlainLines.OneLine($"{uuid}: {reason}"));
        }
    }

    private static async Task ForgetAsync(CommandContext context)
    {
        if (!context.Parameters.Flag("force"))
        {
            throw new UsageException(
                "Its record and what connects it to storage are removed, and it comes back into the pool only by joining it anew. If that "
                + "is meant, repeat this with --force.");
        }

        await context.CallAsync("host.destroy", await ChosenAsync(context));
    }

    private static async Task DeclareDeadAsync(CommandContext context)
    {
        if (!context.Parameters.Flag("force"))
        {
            throw new UsageException(
                "If the host is not dead, the VMs that are started elsewhere run twice and destroy their disks. See to it that it is off, "
                + "or cut off from all storage; then repeat this with --force.");
        }

        var host = await ChosenAsync(context);
        if (!context.Parameters.Flag("start-vms"))
        {
            await context.CallAsync("host.declare_dead", host);
            return;
        }

        var started = (await context.CallAsync("host.declare_dead_and_start", host)).AsStruct("VMs");
        foreach (var (vm, why) in started)
        {
            var label = (await context.CallAsync("VM.get_name_label", vm)).AsString("name");
            var uuid = (await context.CallAsync("VM.get_uuid", vm)).AsString("uuid");
            var name = $"{label} ({uuid})";
            context.Terminal.PrintLine(why.AsString("why") switch
            {
                "" => $"{name} runs.",
                var reason => $"{name} does not run: {reason} It is tried again for ten minutes.",
            });
        }
    }

    private static async Task CallPluginAsync(CommandContext context)
    {
        var p = context.Parameters;
        var answer = await context.CallAsync(
            "host.call_plugin", await context.RefAsync("host", "host-uuid"), p.Get("plugin"), p.Get("fn"), p.Map("args"));
        context.Terminal.PrintLine(answer.AsString("string"));
    }
}
