namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>
/// Inside a project the folders point one way too: what can be reached from a folder does not lead back to it. The cycles that are left
/// are listed with their reason; a folder that joins one, or a new one, is a decision, to be made here first.
/// </summary>
public sealed class FolderTests
{
    // The folders of each, the project's root as ".".
    private static readonly Dictionary<string, (string[] Folders, string Why)[]> Allowed = new()
    {
        ["Redoubt.XenApi"] =
        [
            ([".", "Secrets", "Types", "Wire"], "one closed set: a type writes itself to the wire, and a record is made of types"),
        ],
        ["Redoubt.Database"] =
        [
            ([".", "Secrets"], "the keys of a database are found in its state, and what is written is sealed with them"),
            (["Journal", "Journal/Area"], "our own area lies inside a journal and is written and read with it"),
        ],
        ["Redoubt.Compute"] = [([".", "Libvirt"], "the hypervisor speaks through libvirt, which answers in its words")],
        ["Redoubt.Pool"] =
        [
            (
                [
                    ".", "Adopting", "Backups", "Calling", "Hosts", "Marks", "Measuring", "Protecting", "Recovering", "Restoring",
                    "Snapshots", "Srs", "TestFailovers", "Tracking", "Trust", "Vms",
                ],
                "PoolServices holds the parts and is handed to each of them; it goes as they are given what they use"),
        ],
        ["Redoubt.Recovery"] =
        [
            (["Planning", "Planning/Checks", "Planning/Steps"], "the planner calls its checks, which look at what it has chosen"),
            (["Reports", "Runs", "Runs/Acts"], "a run has its acts done and its report made, which look at where it stands"),
        ],
        ["Redoubt.Server"] =
        [
            (
                [".", "Membership"],
                "the server answers the calls by which its daemon gets another place, and the place starts and stops the server"),
        ],
        ["Redoubt.Cli"] =
        [
            (
                [".", "Commands", "Demo", "Recovering", "Serving"],
                "the table of commands names them all, and serve and demo run commands themselves"),
        ],
    };

    public static TheoryData<string> Projects => [.. SourceProject.All.Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_point_one_way(string project)
    {
        var arrows = SourceProject.All.Single(p => p.Name == project).Arrows();
        var allowed = Allowed.GetValueOrDefault(project, []);
        var cycles = Cycles(arrows).ToList();
        Offences.None(cycles.Where(c => !allowed.Any(a => c.All(a.Folders.Contains))).Select(c => Tell(c, arrows)));

        // The list shrinks with what it lists.
        var gone = allowed.SelectMany(a => a.Folders).Where(f => !cycles.Any(c => c.Contains(f)));
        Offences.None(gone.Select(f => $"{f} is in no cycle any more: take it off the list"));
    }

    private static IEnumerable<List<string>> Cycles(Dictionary<string, SortedDictionary<string, SortedSet<string>>> arrows)
    {
        var reached = arrows.Keys.ToDictionary(f => f, f => Reached(f, arrows));
        return reached.Where(r => r.Value.Contains(r.Key))
            .Select(r => r.Value.Where(f => reached.GetValueOrDefault(f)?.Contains(r.Key) == true))
            .Select(c => c.Select(Shown).Order(StringComparer.Ordinal).ToList())
            .DistinctBy(c => string.Join(' ', c));
    }

    private static HashSet<string> Reached(string folder, Dictionary<string, SortedDictionary<string, SortedSet<string>>> arrows)
    {
        var reached = new HashSet<string>();
        var open = new Stack<string>([folder]);
        while (open.TryPop(out var next))
        {
            foreach (var used in arrows.GetValueOrDefault(next)?.Keys.Where(reached.Add) ?? [])
            {
                open.Push(used);
            }
        }

        return reached;
    }

    private static string Tell(List<string> cycle, Dictionary<string, SortedDictionary<string, SortedSet<string>>> arrows) =>
        string.Join("; ", from folder in arrows
                          where cycle.Contains(Shown(folder.Key))
                          from used in folder.Value
                          where cycle.Contains(Shown(used.Key))
                          select $"{Shown(folder.Key)} -> {Shown(used.Key)} ({string.Join(", ", used.Value.Take(8))})");

    private static string Shown(string folder) => folder.Length == 0 ? "." : folder;
}
