using System.Globalization;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for targets of VMs and vApps; those of a plan are kept with it (<c>dr-plan-save</c>).</summary>
internal static class TargetCommands
{
    private const string None = "none";

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-target-set", "Says what the recovery of a VM or a vApp is to keep to; none ends a target.",
            SetAsync) with { Optional = ["vm", "appliance", "rpo-target", "rto-target"] },
        Command.Make(
            "dr-target-list", "Shows how plans, vApps and VMs stand to their targets.",
            ListAsync) with { Optional = ["json"] },
    ];

    /// <summary>How something stands to one of its targets, in the cell of a table.</summary>
    public static string Cell(TargetMeasure? measure) => measure is null ? "" : TargetText.Of(measure);

    /// <summary>The targets as a table.</summary>
    public static IEnumerable<string[]> Rows(IEnumerable<TargetStanding> targets) =>
        targets.Select(t => new[] { t.Describe(), Cell(t.Rpo), Cell(t.Rto), string.Join(" ", t.Garbled) });

    private static async Task SetAsync(CommandContext context)
    {
        var p = context.Parameters;
        var wanted = new[] { ("rpo-target", Marks.RpoTarget), ("rto-target", Marks.RtoTarget) }
            .Where(w => p.Find(w.Item1) is not null).Select(w => (Mark: w.Item2, Text: Seconds(p, w.Item1))).ToList();
        if (wanted.Count == 0)
        {
            throw new UsageException("Give rpo-target=SECONDS, rto-target=SECONDS or both; none ends one.");
        }

        var api = await context.ConnectAsync();
        var stop = context.CancellationToken;
        switch (p.Find("vm"), p.Find("appliance"))
        {
            case ({ } vm, null):
                var (self, _) = One("VM", vm, (await api.GetAllRecordsAsync<VmRecord>(stop))
                    .Where(v => v.Value is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false })
                    .Select(v => (v.Key, v.Value.Uuid, v.Value.NameLabel)));
                foreach (var (mark, text) in wanted)
                {
                    await api.Vm.RemoveFromOtherConfigAsync(self, mark, stop);
                    await (text is null ? Task.CompletedTask : api.Vm.AddToOtherConfigAsync(self, mark, text, stop));
                }

                break;
            case (null, { } appliance):
                var (_, uuid) = One("vApp", appliance, (await api.GetAllRecordsAsync<VmApplianceRecord>(stop))
                    .Select(a => (a.Key, a.Value.Uuid, a.Value.NameLabel)));
                var pool = (await api.GetAllRecordsAsync<PoolRecord>(stop)).Keys.Single();
                foreach (var (mark, text) in wanted)
                {
                    await api.Pool.RemoveFromOtherConfigAsync(pool, $"{mark}:{uuid}", stop);
                    await (text is null ? Task.CompletedTask : api.Pool.AddToOtherConfigAsync(pool, $"{mark}:{uuid}", text, stop));
                }

                break;
            default:
                throw new UsageException("Give vm= or appliance=, a name or a UUID. A plan's targets are kept with it: dr-plan-save.");
        }
    }

    private static async Task ListAsync(CommandContext context)
    {
        var targets = (await new RecoveryDaemon(context).ReadAsync<DrStatus>((r, t) => r.GetStatusAsync(t))).Targets;
        if (context.Parameters.Flag("json"))
        {
            context.Terminal.Print(RecoveryJson.Write(targets));
            return;
        }

        TextTable.Write(context.Terminal.Output, [["of", "RPO", "RTO", "can't be read"], .. Rows(targets)]);
    }

    private static (T Ref, string Uuid) One<T>(string kind, string word, IEnumerable<(T Ref, string Uuid, string Name)> all) =>
        all.Where(o => o.Uuid == word || o.Name == word).ToList() switch
        {
            [var one] => (one.Ref, one.Uuid),
            [] => throw new UsageException($"There is no {kind} {word}."),
            var many => throw new UsageException(
                $"Several have the name {word}: say which by its UUID, one of {string.Join(", ", many.Select(m => m.Uuid))}."),
        };

    private static string? Seconds(Parameters p, string key)
    {
        var text = p.Get(key);
        const long Most = RecoveryTargets.MostSeconds;
        return text == None ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= Most ? text
            : throw new UsageException($"{key}= is a number of seconds from 0 to {Most}, or none; not '{text}'.");
    }
}
