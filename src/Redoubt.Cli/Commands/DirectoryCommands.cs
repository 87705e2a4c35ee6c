using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Users and groups of a directory, as in xe.</summary>
internal static class DirectoryCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "pool-enable-external-auth", "Lets people of a directory log in: LDAP or AD. The password of user= comes from password-file=.",
            EnableAsync) with
        {
            Required = ["auth-type", "service-name"],
            Optional = ["config:", "password-file"],
        },
        Command.Make(
            "pool-disable-external-auth", "Lets nobody of the directory in any more; their sessions end.",
            DisableAsync) with { Optional = ["config:"] },
        Command.Make(
            "subject-add",
            "Makes a subject of a user or group of the directory; prints the UUID. It has no role yet.",
            AddAsync) with { Required = ["subject-name"] },
        Command.Make("subject-remove", "Removes a subject. Its sessions end at once.", RemoveAsync) with { Required = ["subject-uuid"] },
        Command.Make(
            "subject-role-add", "Gives a subject a role.",
            context => RoleAsync(context, "subject.add_to_roles")) with { Required = ["uuid", "role-name"] },
        Command.Make(
            "subject-role-remove", "Takes a role from a subject.",
            context => RoleAsync(context, "subject.remove_from_roles")) with { Required = ["uuid", "role-name"] },
    ];

    private static async Task EnableAsync(CommandContext context)
    {
        var p = context.Parameters;
        var config = p.Map("config");
        if (p.Find("password-file") is { } file)
        {
            config["pass"] = NewPassword.FromFile(file);
        }

        await context.CallAsync("pool.enable_external_auth", await PoolAsync(context), config, p.Get("service-name"), p.Get("auth-type"));
    }

    private static async Task DisableAsync(CommandContext context) =>
        await context.CallAsync("pool.disable_external_auth", await PoolAsync(context), context.Parameters.Map("config"));

    private static async Task AddAsync(CommandContext context)
    {
        var name = context.Parameters.Get("subject-name");
        var identifier = (await context.CallAsync("auth.get_subject_identifier", name)).AsString("identifier");
        await context.PrintUuidAsync("subject", await context.CallAsync("subject.create", Subjects.Named(identifier, name)));
    }

    private static async Task RemoveAsync(CommandContext context) =>
        await context.CallAsync("subject.destroy", await context.RefAsync("subject", "subject-uuid"));

    private static async Task RoleAsync(CommandContext context, string message)
    {
        var name = context.Parameters.Get("role-name");
        var roles = (await context.CallAsync("role.get_by_name_label", name)).AsArray("roles");
        var role = roles.Count == 1 ? roles[0] : throw new UsageException($"There is no role '{name}'. role-list shows them.");
        await context.CallAsync(message, await context.RefAsync("subject"), role);
    }

    private static async Task<string> PoolAsync(CommandContext context) =>
        (await context.CallAsync("pool.get_all")).AsArray("pools")[0].AsString("ref pool");
}
