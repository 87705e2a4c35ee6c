using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>Users of the pool's own, who need no directory: subjects with a name and a password.</summary>
internal static class UserCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "user-create", $"Makes a user of this pool; prints the UUID. Roles: {string.Join(", ", RoleNames.OfSubjects)}.",
            CreateAsync) with
        {
            Required = ["name", "role"],
            Optional = ["password-file"],
        },
        Command.Make("user-list", "Lists the users and groups that may log in: UUID, name, role.", ListAsync) with { Optional = ["json"] },
        Command.Make("user-destroy", "Removes a user. Their sessions end at once.", DestroyAsync) with { Required = ["name"] },
        Command.Make("user-password-set", "Gives a user a new password. Their other sessions end.", SetPasswordAsync) with
        {
            Required = ["name"],
            Optional = ["password-file"],
        },
        Command.Make(
            "user-role-set", "Gives a user this role in place of the one they have; it counts at once.",
            SetRoleAsync) with { Required = ["name", "role"] },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var (name, role) = (context.Parameters.Get("name"), await RoleAsync(context));

        // Asked for first: a user who was made but has no password would have to be cleared away again.
        var password = NewPassword.Read(context);
        var user = await context.CallAsync("subject.create", Subjects.Local(name));
        try
        {
            await context.CallAsync("subject.set_password", user, password);
            await context.CallAsync("subject.add_to_roles", user, role);
        }
        catch
        {
            await context.CallAsync("subject.destroy", user);
            throw;
        }

        await context.PrintUuidAsync("subject", user);
    }

    private static async Task ListAsync(CommandContext context)
    {
        var api = await context.ConnectAsync();
        var users = (await api.GetAllRecordsAsync<SubjectRecord>(context.CancellationToken)).Values
            .OrderBy(s => Subjects.NameOf(s), StringComparer.OrdinalIgnoreCase).ToList();
        if (context.Parameters.Minimal)
        {
            context.Terminal.PrintLine(string.Join(',', users.Select(u => u.Uuid)));
            return;
        }

        var rows = new List<KeyValuePair<string, string>[]>();
        foreach (var user in users)
        {
            var roles = new List<string>();
            foreach (var role in user.Roles)
            {
                roles.Add((await context.CallAsync("role.get_name_label", role)).AsString("name_label"));
            }

            rows.Add([new("uuid", user.Uuid), new("name", Subjects.NameOf(user)), new("role", string.Join(", ", roles))]);
        }

        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintTexts(context.Terminal, rows);
            return;
        }

        foreach (var row in rows)
        {
            context.Terminal.PrintLine(
                $"{row[0].Value}  {PlainLines.OneLine(row[1].Value),-24}  "
                    + $"{(row[2].Value.Length > 0 ? PlainLines.OneLine(row[2].Value) : "no role")}");
        }
    }

    private static async Task DestroyAsync(CommandContext context) =>
        await context.CallAsync("subject.destroy", (await FindAsync(context)).Ref);

    private static async Task SetPasswordAsync(CommandContext context)
    {
        var (user, _) = await FindAsync(context);
        await context.CallAsync("subject.set_password", user, NewPassword.Read(context));
    }

    private static async Task SetRoleAsync(CommandContext context)
    {
        var (user, record) = await FindAsync(context);
        var role = await RoleAsync(context);
        if (!record.Roles.Contains(new(role)))
        {
            await context.CallAsync("subject.add_to_roles", user, role);
        }

        // The new one first: without any role, the user's sessions would end.
        foreach (var old in record.Roles.Where(r => r.Opaque != role))
        {
            await context.CallAsync("subject.remove_from_roles", user, old);
        }
    }

    private static async Task<string> RoleAsync(CommandContext context)
    {
        var name = context.Parameters.Get("role");
        return RoleNames.Parse(name) is null
            ? throw new UsageException($"There is no role '{name}'. The roles are {string.Join(", ", RoleNames.OfSubjects)}.")
            : (await context.CallAsync("role.get_by_name_label", name)).AsArray("roles").Single().AsString("ref role");
    }

    private static async Task<(Ref<SubjectRecord> Ref, SubjectRecord Record)> FindAsync(CommandContext context)
    {
        var name = context.Parameters.Get("name");
        var api = await context.ConnectAsync();
        var found = (await api.GetAllRecordsAsync<SubjectRecord>(context.CancellationToken))
            .FirstOrDefault(s => string.Equals(Subjects.NameOf(s.Value), name, StringComparison.OrdinalIgnoreCase));
        return found.Value is { } record
            ? (found.Key, record)
            : throw new UsageException($"There is no user '{name}'. user-list shows who there is.");
    }
}
