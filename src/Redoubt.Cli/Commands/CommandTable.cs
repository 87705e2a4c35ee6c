using Redoubt.Cli.Recovering;

namespace Redoubt.Cli.Commands;

/// <summary>All commands that speak with a server.</summary>
internal static class CommandTable
{
    /// <summary>Those with behaviour of their own, family by family.</summary>
    public static IEnumerable<Command> Own { get; } =
    [
        .. ApplianceCommands.All, .. DrTaskCommands.All, .. SrCommands.All, .. PbdCommands.All, .. VdiCommands.All, .. VmCommands.All,
        .. VmInstallCommands.All, .. VmDiskCommands.All, .. SnapshotCommands.All, .. SnapshotScheduleCommands.All,
        .. VmRecoveryCommands.All, .. VmMetadataCommands.All, .. MetadataBackupCommands.All, .. VbdCommands.All, .. VifCommands.All,
        .. VtpmCommands.All, .. AdoptionCommands.All, .. NetworkCommands.All,
        .. HostCommands.All, .. TaskCommands.All, .. MessageCommands.All, .. SecretCommands.All, .. UserCommands.All,
        .. DirectoryCommands.All, .. EventCommands.All, .. PoolCommands.All, .. KeyCommands.All, .. DrPlanCommand.All,
        .. StatusCommand.All, .. DrRunCommands.All, .. RunCommands.All, .. PlanCommands.All, .. TargetCommands.All, .. ApprovalCommands.All,
        .. ScheduleCommands.All, .. SiteCommands.All,
    ];

    public static Command? Find(string name) => Own.FirstOrDefault(c => c.Name == name) ?? ClassCommands.Find(name);

    /// <summary>The names that are nearest to one that does not exist.</summary>
    public static IReadOnlyList<string> Nearest(string name, IEnumerable<string> more) =>
    [
        .. Own.Select(c => c.Name)
            .Concat(more)
            .Concat(Fields.XeClasses.All.SelectMany(ClassCommands.Of).Select(c => c.Name))
            .Select(n => (Name: n, Distance: EditDistance(name, n)))
            .Where(n => n.Distance <= 3 || n.Name.StartsWith(name, StringComparison.Ordinal))
            .OrderBy(n => n.Distance)
            .ThenBy(n => n.Name, StringComparer.Ordinal)
            .Take(5)
            .Select(n => n.Name),
    ];

    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[b.Length];
    }
}
