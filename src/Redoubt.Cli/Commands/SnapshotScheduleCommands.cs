using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Commands;

/// <summary>The schedules by which snapshots of VMs are taken, with the names of xe.</summary>
internal static class SnapshotScheduleCommands
{
    private const long Retained = 7;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "vmss-create",
            "Makes a schedule by which snapshots of VMs are taken (type=snapshot, checkpoint, snapshot_with_quiesce; frequency=hourly, "
            + "daily, weekly; schedule:min=15 schedule:hour=2 schedule:days=Monday,Friday); prints its UUID.",
            CreateAsync) with
        {
            Required = ["name-label", "type", "frequency"],
            Optional = ["name-description", "enabled", "schedule:", "retained-snapshots"],
        },
        Command.OnObject(
            "vmss-destroy", "VMSS", "destroy", "Removes a schedule of snapshots that no VM has any more; the snapshots stay."),
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var made = await context.CallAsync(
            "VMSS.create",
            new VmssRecord
            {
                NameLabel = p.Get("name-label"),
                NameDescription = p.GetOr("name-description", ""),
                Enabled = p.Flag("enabled", otherwise: true),
                Type = Choice(VmssTypeType.Instance, "type", p.Get("type")),
                Frequency = Choice(VmssFrequencyType.Instance, "frequency", p.Get("frequency")),
                Schedule = p.Map("schedule").ToImmutableSortedDictionary(StringComparer.Ordinal),
                RetainedSnapshots = p.FindInt("retained-snapshots") ?? Retained,
            });
        await context.PrintUuidAsync("VMSS", made);
    }

    private static TEnum Choice<TEnum>(EnumType<TEnum> type, string key, string text)
        where TEnum : struct, Enum => type.Values.Contains(text.ToLowerInvariant())
        ? type.Decode(text.ToLowerInvariant())
        : throw new UsageException($"{key}= must be one of {string.Join(", ", type.Values)}, not '{text}'.");
}
