using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for the other pools that a daemon knows.</summary>
internal static class SiteCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-site-add", "Makes another pool known, to be asked as a source or recovered into; trusts its certificate from now on.",
            AddAsync) with
        {
            Required = ["name", "address"],
            Optional = ["user", "password-file"],
        },
        new(
            "dr-site-list", "Lists the other pools that the daemon knows; with test=true says whether they answer.",
            ListAsync) { Optional = ["test", "json"] },
        Command.Make("dr-site-remove", "Forgets another pool, and its password.", RemoveAsync) with { Required = ["name"] },
    ];

    private static async Task AddAsync(CommandContext context)
    {
        var p = context.Parameters;
        var user = p.GetOr("user", "root");
        var password = p.Find("password-file") is { } file ? NewPassword.FromFile(file)
            : context.Terminal.CanAsk ? context.Terminal.AskSecret($"Password of {user} at {p.Get("address")}: ")
            : throw new UsageException(
                "No password. Give password-file=, a file with the password on its first line, or run this at a terminal.");
        var site = await new RecoveryDaemon(context).ReadAsync<Site>(
            (r, t) => r.AddSiteAsync(p.Get("name"), p.Get("address"), user, password, t));
        context.Terminal.ErrorLine(site.Certificate is { } certificate
            ? $"Site {site.Name} is pool {site.PoolName} ({site.PoolUuid}). "
                + $"Its certificate is trusted from now on (SHA-256 {certificate}); compare it there."
            : $"Site {site.Name} is pool {site.PoolName} ({site.PoolUuid}), without TLS.");
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var p = context.Parameters;
        var test = p.Flag("test");
        var daemon = new RecoveryDaemon(context);
        if (p.Flag("json"))
        {
            context.Terminal.Print(await daemon.AskAsync((r, t) => r.GetSitesAsync(test, t)));
            return ExitCode.Success;
        }

        var sites = await daemon.ReadAsync<List<SiteTest>>((r, t) => r.GetSitesAsync(test, t));
        if (p.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, sites.Select(s => s.Site.Name));
        }
        else
        {
            TextTable.Write(context.Terminal.Output, [
                ["name", "pool", "address", "user", test ? "answers" : ""],
                .. sites.Select(s => new[] { s.Site.Name, s.Site.PoolName, s.Site.Address, s.Site.User, s.IsReachable switch { null => "", true => s.Version is { } version ? $"yes, {version}" : "yes", false => $"NO: {s.Failure}" } })]);
        }

        return sites.Exists(s => s.IsReachable == false) ? ExitCode.Unreachable : ExitCode.Success;
    }

    private static Task RemoveAsync(CommandContext context) =>
        new RecoveryDaemon(context).DoAsync((r, t) => r.RemoveSiteAsync(context.Parameters.Get("name"), t));
}
