using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Secrets, and root's own password.</summary>
internal static class SecretCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "secret-create", "Keeps a value under a UUID, which is printed, so that others can refer to it without showing it.",
            CreateAsync) with
        {
            Optional = ["value", "password-file"],
        },
        Command.OnObject("secret-destroy", "secret", "destroy", "Forgets a secret."),
        Command.Make(
            "user-password-change",
            "Changes the password of the user that is logged in. Without new= it is read from password-file= or asked for.",
            ChangeAsync) with
        {
            Optional = ["old", "new", "password-file"],
        },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var value = context.Parameters.Find("value") ?? NewPassword.Read(context);
        await context.PrintUuidAsync("secret", await context.CallAsync("secret.create", new SecretRecord { Value = value }));
    }

    private static async Task ChangeAsync(CommandContext context)
    {
        var p = context.Parameters;
        var old = p.Find("old") ?? (context.Terminal.CanAsk ? context.Terminal.AskSecret("Present password: ") : throw new UsageException("old= is missing, and nobody can be asked here."));
        await context.CallAsync("session.change_password", old, p.Find("new") ?? NewPassword.Read(context));
    }
}
