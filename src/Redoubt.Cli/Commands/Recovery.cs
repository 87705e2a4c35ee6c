using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>What VMs and vApps have in common when they are recovered from a foreign database.</summary>
internal static class Recovery
{
    /// <summary>
    /// Recovers: the message is sent in the foreign database's session, where the object is, and told the session of the pool that
    /// takes it in.
    /// </summary>
    public static Func<CommandContext, Task> RecoverAsync(string className) => async context =>
    {
        var force = context.Parameters.Flag("force");
        RequireDatabase(context);
        await context.WithDatabaseAsync(async foreign =>
        {
            var local = await context.ConnectAsync();
            var self = await foreign.CallRawAsync($"{className}.get_by_uuid", [context.Parameters.Get("uuid")], context.CancellationToken);
            await context.RunTaskAsync("Recovering", $"{className}.recover", [self, local.Session, force], foreign);
            return true;
        });
    };

    /// <summary>Asks whether the object could be recovered now.</summary>
    public static Func<CommandContext, Task> AssertAsync(string className) => async context =>
    {
        RequireDatabase(context);
        await context.WithDatabaseAsync(async foreign =>
        {
            var local = await context.ConnectAsync();
            var self = await foreign.CallRawAsync($"{className}.get_by_uuid", [context.Parameters.Get("uuid")], context.CancellationToken);
            return await foreign.CallRawAsync($"{className}.assert_can_be_recovered", [self, local.Session], context.CancellationToken);
        });
    };

    // Without it the question would be whether the pool can be recovered from itself.
    private static void RequireDatabase(CommandContext context)
    {
        if (context.Parameters.Map("database").Count == 0)
        {
            throw new UsageException("A parameter database:vdi-uuid=UUID must say which disk holds the metadata (vdi-list type=Metadata).");
        }
    }
}
