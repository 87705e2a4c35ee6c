using System.Text.RegularExpressions;
using Redoubt.Console.Recover;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// Every finding there is, and what its row in the browser offers. A finding that is not here, or that no test has raised, fails a test.
/// </summary>
internal static partial class CheckTable
{
    public static readonly IReadOnlyDictionary<string, FindingAction> All = new Dictionary<string, FindingAction>
    {
        ["appliance-incomplete"] = FindingAction.Select,
        ["appliance-present"] = FindingAction.None,
        ["appliance-split"] = FindingAction.Select,
        ["copy-needs-sr"] = FindingAction.None,
        ["copy-undecidable"] = FindingAction.Select,
        ["cpu-short"] = FindingAction.None,
        ["firmware-lost"] = FindingAction.None,
        ["boot-file"] = FindingAction.None,
        ["tpm-lost"] = FindingAction.None,
        ["device-lost"] = FindingAction.None,
        ["disk-dropped"] = FindingAction.None,
        ["disks-copied"] = FindingAction.None,
        ["paravirtual"] = FindingAction.None,
        ["snapshots-left"] = FindingAction.None,
        ["suspended-elsewhere"] = FindingAction.None,
        ["disk-drop-impossible"] = FindingAction.None,
        ["disk-missing"] = FindingAction.Accept,
        ["disk-size-differs"] = FindingAction.None,
        ["disk-unknown"] = FindingAction.None,
        ["ha-enabled"] = FindingAction.Resolve,
        ["ha-starts-vms"] = FindingAction.Resolve,
        ["iso-missing"] = FindingAction.None,
        ["licence"] = FindingAction.None,
        ["mac-clash"] = FindingAction.None,
        ["memory-short"] = FindingAction.None,
        ["memory-unknown"] = FindingAction.None,
        ["metadata-age-unknown"] = FindingAction.None,
        ["metadata-cut"] = FindingAction.None,
        ["metadata-from-future"] = FindingAction.None,
        ["metadata-stale"] = FindingAction.None,
        ["name-ambiguous"] = FindingAction.Select,
        ["name-clash"] = FindingAction.None,
        ["network-ambiguous"] = FindingAction.Map,
        ["network-by-bridge"] = FindingAction.None,
        ["network-dead"] = FindingAction.None,
        ["network-map-wrong"] = FindingAction.Map,
        ["network-unknown"] = FindingAction.None,
        ["network-unmapped"] = FindingAction.Resolve,
        ["newer-copy-elsewhere"] = FindingAction.None,
        ["newest-here"] = FindingAction.Select,
        ["no-history"] = FindingAction.None,
        ["no-host"] = FindingAction.None,
        ["no-metadata"] = FindingAction.Storage,
        ["not-found"] = FindingAction.Select,
        ["not-protected-again"] = FindingAction.None,
        ["older-copy"] = FindingAction.None,
        ["older-copy-elsewhere"] = FindingAction.None,
        ["older-metadata"] = FindingAction.None,
        ["replaced-for-good"] = FindingAction.None,
        ["role"] = FindingAction.None,
        ["second-copy"] = FindingAction.None,
        ["site-silent"] = FindingAction.State,
        ["snapshots"] = FindingAction.None,
        ["source-alive"] = FindingAction.None,
        ["source-dead-ambiguous"] = FindingAction.Before,
        ["source-dead-unknown"] = FindingAction.Before,
        ["source-dead-unnamed"] = FindingAction.Before,
        ["source-not-dead"] = FindingAction.State,
        ["source-unreachable"] = FindingAction.Before,
        ["sr-attached-elsewhere"] = FindingAction.None,
        ["sr-detached"] = FindingAction.Resolve,
        ["sr-local"] = FindingAction.None,
        ["sr-missing"] = FindingAction.Resolve,
        ["sr-not-answering"] = FindingAction.None,
        ["sr-partly-attached"] = FindingAction.Resolve,
        ["sr-type-unsupported"] = FindingAction.None,
        ["start-unguarded"] = FindingAction.None,
        ["starts-with-host"] = FindingAction.None,
        ["storage-empty"] = FindingAction.Storage,
        ["storage-map-impossible"] = FindingAction.None,
        ["storage-not-attached"] = FindingAction.Storage,
        ["storage-not-scanned"] = FindingAction.None,
        ["storage-unreadable"] = FindingAction.Storage,
        ["suspended"] = FindingAction.None,
        ["suspend-image-missing"] = FindingAction.Accept,
        ["test-not-isolated"] = FindingAction.None,
        ["vm-alive-at-source"] = FindingAction.Resolve,
        ["vm-odd"] = FindingAction.None,
        ["vm-replaced"] = FindingAction.None,
        ["vm-replaced-by-choice"] = FindingAction.None,
        ["vm-running-here"] = FindingAction.Resolve,
        ["vm-suspended-here"] = FindingAction.None,
        ["vm-unusable"] = FindingAction.None,
        ["volume-accepted"] = FindingAction.None,
        ["volume-unproven"] = FindingAction.Believe,
        ["secrets-sealed"] = FindingAction.None,
        ["volume-unreadable"] = FindingAction.None,
    };

    private const string OfGenuine = "it is about servers that lack messages of ours";
    private const string OfItsStorage = "it is about storage that XenServer wrote";

    /// <summary>What two servers of ours never give each other cause for, and why. The planner's own tests raise it.</summary>
    public static readonly IReadOnlyDictionary<string, string> NeverHere = new Dictionary<string, string>
    {
        ["copy-needs-sr"] = OfItsStorage,
        ["disks-copied"] = OfItsStorage,
        ["paravirtual"] = OfItsStorage,
        ["snapshots-left"] = OfItsStorage,
        ["suspended-elsewhere"] = OfItsStorage,
        ["disk-drop-impossible"] = OfGenuine,
        ["no-history"] = OfGenuine,
        ["not-protected-again"] = "every kind of storage that we have can be protected",
        ["replaced-for-good"] = OfGenuine,
        ["sr-type-unsupported"] = "every kind of storage that we have can be attached for a recovery",
        ["volume-accepted"] = "our own volumes are signed",
        ["volume-unproven"] = "our own volumes are signed",
        ["metadata-age-unknown"] = "our journals tell when they were written, and our hosts when they were last seen",
        ["metadata-from-future"] = "both have the clock of one machine",
        ["network-dead"] = "libvirt's pretended guests are on no host whose bridges could be missing",
        ["newer-copy-elsewhere"] = "the wizard attaches what it has probed, and a second copy can't be",
        ["older-copy"] = "the wizard probes one place at a time",
        ["older-copy-elsewhere"] = "the wizard attaches what it has probed, and a second copy can't be",
        ["second-copy"] = "our probes tell how new a copy is",
        ["site-silent"] = "the two have copies of each other's VMs, so a silent one is the source that must be stated to be dead",
        ["source-dead-ambiguous"] = "the wizard names pools by their UUIDs",
        ["source-dead-unknown"] = "the wizard names pools by their UUIDs",
        ["sr-not-answering"] = "a replica that hangs takes the right to mount",
    };

    /// <summary>The words of the button that does it.</summary>
    public static string? Button(FindingAction action) => action switch
    {
        FindingAction.None => null,
        FindingAction.Resolve => RecoverText.Resolve,
        FindingAction.Accept => RecoverText.Accept,
        FindingAction.Believe => RecoverText.Believe,
        FindingAction.State => RecoverText.StateDead,
        FindingAction.Before => RecoverText.GoTo(RecoverText.Steps[1]),
        FindingAction.Storage => RecoverText.GoTo(RecoverText.Steps[2]),
        FindingAction.Select => RecoverText.GoTo(RecoverText.Steps[3]),
        FindingAction.Map => RecoverText.GoTo(RecoverText.Steps[4]),
    };

    /// <summary>The findings that the manual lists; the planner's tests hold it to what the planner can find.</summary>
    public static IReadOnlyList<string> Documented() =>
        [.. Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating", "dr-plan.md")))
            .Select(m => m.Groups["code"].Value)];

    [GeneratedRegex(@"^\| `(?<code>[a-z-]+)` \| (?:block|warning|info)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
