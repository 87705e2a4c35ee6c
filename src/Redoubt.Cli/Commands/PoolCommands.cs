using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Commands;

/// <summary>The pool's database as a whole.</summary>
internal static class PoolCommands
{
    private const string Explanation = """
        Restoring puts the backup in the place of the pool's whole database: VMs, vApps, disks' records, networks and settings that the backup
        lacks are gone from it. This host takes the place of the backup's coordinator, all other hosts are dropped. No VM may run, and VMs that
        the backup says were running must run nowhere. First see what would happen, with --dry-run; then do it, with --force.
        """;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "pool-dump-database",
            "Writes the pool's database to a file, which must not exist yet. Its secrets are sealed with the pool's key.", DumpAsync) with
        {
            Required = ["file-name"],
            HasCallersFiles = true,
        },
        Command.Make(
            "pool-restore-database", "Puts a dump in the place of the pool's database; --dry-run only says what that would do.",
            RestoreAsync) with
        {
            Required = ["file-name"],
            Optional = ["dry-run", "force"],
            HasCallersFiles = true,
        },
        Command.Make(
            "pool-sync-database", "Writes the whole database to every copy there is, now.",
            context => context.CallAsync("pool.sync_database")),
        Command.Make(
            "pool-join", "Makes the host of this daemon a member of another pool. Ask the daemon of the host that joins.",
            context => context.CallAsync(
                "pool.join",
                context.Parameters.Get("master-address"),
                context.Parameters.Get("master-username"),
                context.Parameters.Get("master-password"))) with
        {
            Required = ["master-address", "master-username", "master-password"],
        },
        Command.Make(
            "pool-designate-new-master", "Has another host coordinate the pool. Sessions end.",
            async context => await context.CallAsync(
                "pool.designate_new_master", await HostCommands.FindAsync(context, context.Parameters.Get("host-uuid")))) with
        {
            Required = ["host-uuid"],
        },
        Command.Make(
            "pool-emergency-transition-to-master",
            "Has the host that is asked (-s) go on alone with its own copy, as the majority is gone; names the hosts that are dead.",
            TakeOverAsync) with
        {
            Optional = ["dead-hosts"],
            IsForOneHost = true,
        },
        Command.Make(
            "pool-emergency-reset-master", "Has the host that is asked (-s) follow another coordinator of its pool.",
            context => context.CallAsync("pool.emergency_reset_master", context.Parameters.Get("master-address"))) with
        {
            Required = ["master-address"],
            IsForOneHost = true,
        },
        Command.Make(
            "pool-recover-slaves", "Tells the hosts that are lost which host coordinates the pool; prints those that came back.",
            RecoverAsync),
        Command.Make("pool-eject", "Removes a host from the pool. Its daemon must be stopped then.", EjectAsync) with
        {
            Required = ["host-uuid"],
        },
        Command.Make("witness-list", "Lists the witnesses of the pool: a vote each, and no VMs.", ListWitnessesAsync) with
        {
            Optional = ["json"],
        },
        Command.Make(
            "witness-eject", "Removes a witness from the pool. It must be stopped then.",
            context => context.CallAsync("pool.eject_witness", context.Parameters.Get("uuid"))) with
        {
            Required = ["uuid"],
        },
    ];

    private static async Task ListWitnessesAsync(CommandContext context)
    {
        var witnesses = (await context.CallAsync("pool.get_witnesses")).AsArray("witnesses").Select(
            w => w.AsStruct("witness").ToDictionary(p => p.Key, p => p.Value.AsString("string"), StringComparer.Ordinal)).ToList();
        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintTexts(context.Terminal, witnesses);
            return;
        }

        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, witnesses.Select(w => w["uuid"]));
            return;
        }

        string[] columns = ["uuid", "address", "live", "votes"];
        TextTable.Write(context.Terminal.Output, [columns, .. witnesses.Select(w => Array.ConvertAll(columns, c => w[c]))]);
    }

    private static async Task EjectAsync(CommandContext context) =>
        await context.CallAsync("pool.eject", await HostCommands.FindAsync(context, context.Parameters.Get("host-uuid")));

    private static async Task RecoverAsync(CommandContext context)
    {
        foreach (var host in (await context.CallAsync("pool.recover_slaves")).AsArray("hosts"))
        {
            await context.PrintUuidAsync("host", host);
        }
    }

    private static async Task TakeOverAsync(CommandContext context)
    {
        var dead = (context.Parameters.Find("dead-hosts") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        await (dead.Length == 0
            ? context.CallAsync("pool.emergency_transition_to_master")
            : context.CallAsync("pool.emergency_take_over", [dead]));
        context.Terminal.PrintLine("The host goes on alone, and answers in a moment.");
    }

    private static async Task DumpAsync(CommandContext context)
    {
        var file = context.Parameters.Get("file-name");
        var api = await context.ConnectAsync();
        await context.Files.WriteNewAsync(
            file, target => api.DumpDatabaseAsync(target, null, context.CancellationToken), context.CancellationToken);
    }

    private static async Task RestoreAsync(CommandContext context)
    {
        var (file, dryRun) = (context.Parameters.Get("file-name"), context.Parameters.Flag("dry-run"));
        if (!dryRun && !context.Parameters.Flag("force"))
        {
            throw new UsageException(Explanation);
        }

        var plan = "";
        await context.Files.ReadAsync(file, async (backup, bytes) =>
        {
            var api = await context.ConnectAsync();
            using var progress = new ProgressLine(context.Terminal, "Sending", context.Time);
            plan = await api.RestoreDatabaseAsync(backup, dryRun, new ByteProgress(progress, bytes), context.CancellationToken);
        }, context.CancellationToken);
        foreach (var line in plan.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            context.Terminal.PrintLine(line);
        }

        context.Terminal.PrintLine(dryRun ? "Dry run: nothing has been changed." : "The database has been restored.");
    }
}
