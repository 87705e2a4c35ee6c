using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for what needs two persons.</summary>
internal static class ApprovalCommands
{
    private const string Nothing = "none";

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-two-persons-set", "Says what needs two persons: failover, migration (and failback), unprotect; none for nothing.",
            context => new RecoveryDaemon(context).DoAsync((r, t) => r.SetTwoPersonsAsync(
                [.. context.Parameters.List("acts").Where(a => a != Nothing)], t))) with { Required = ["acts"] },
        Command.Make(
            "dr-approval-list", "Shows what needs two persons, and the requests for it, the newest first.", ListAsync) with
        {
            Optional = ["json"],
        },
        Decision(
            "dr-approve", "Approves of what somebody else wants to do.", [],
            (r, id, statement, t) => r.ApproveAsync(id, statement, t)),
        Decision(
            "dr-refuse", "Refuses what somebody else wants to do.", [],
            (r, id, statement, t) => r.RefuseAsync(id, statement, t)),
        Decision(
            "dr-approval-override", "In an emergency: takes on oneself what one has asked for. Everybody is told, and it is kept.",
            ["statement"],
            (r, id, statement, t) => r.OverrideApprovalAsync(id, statement, t)),
    ];

    private static Command Decision(
        string name, string help, string[] more, Func<XenApi.RecoveryClient, string, string, CancellationToken, Task> decide) =>
        Command.Make(name, help, context => new RecoveryDaemon(context).DoAsync(
            (r, t) => decide(r, context.Parameters.Get("id"), context.Parameters.GetOr("statement", ""), t))) with
        {
            Required = ["id", .. more],
            Optional = more.Length == 0 ? ["statement"] : [],
        };

    private static async Task ListAsync(CommandContext context)
    {
        var daemon = new RecoveryDaemon(context);
        if (context.Parameters.Flag("json"))
        {
            context.Terminal.Print(await daemon.AskAsync((r, t) => r.GetApprovalsAsync(t)));
            return;
        }

        var book = await daemon.ReadAsync<ApprovalBook>((r, t) => r.GetApprovalsAsync(t));
        context.Terminal.PrintLine(book.Guarded.IsEmpty
            ? "Nothing needs two persons."
            : $"Two persons are needed for: {string.Join(", ", book.Guarded.Select(g => g.ToString().ToLowerInvariant()))}.");
        TextTable.Write(context.Terminal.Output, [
            ["id", "who", "wants to", "asked", "stands", "by", "until"],
            .. book.Requests.Reverse().Select(r => new[]
            {
                r.Id, r.By, r.What, ShownMoments.Show(r.At),
                r.Outcome.ToString().ToLowerInvariant() + (r is { IsOverride: true, Outcome: ApprovalOutcome.Used } ? ", by override" : ""),
                r.DecidedBy ?? "", ShownMoments.Show(r.Until),
            })]);
    }
}
