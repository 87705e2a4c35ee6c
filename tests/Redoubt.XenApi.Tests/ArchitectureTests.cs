using System.Xml.Linq;

namespace Redoubt.XenApi.Tests;

/// <summary>The parts point one way only. This is the list; a reference that it lacks is a decision, to be made here first.</summary>
public sealed class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Redoubt.XenApi"] = [],
        ["Redoubt.XenApi.Generator"] = [],
        ["Redoubt.Database"] = ["Redoubt.XenApi"],
        ["Redoubt.Storage"] = ["Redoubt.XenApi"],
        ["Redoubt.Compute"] = ["Redoubt.XenApi"],
        ["Redoubt.Pool"] = ["Redoubt.Database", "Redoubt.Storage", "Redoubt.Compute"],
        ["Redoubt.Recovery"] = ["Redoubt.XenApi"],
        ["Redoubt.Server"] = ["Redoubt.Pool", "Redoubt.Recovery"],
        ["Redoubt.Cli"] = ["Redoubt.Server", "Redoubt.Recovery"],
    };

    public static TheoryData<string> Projects => [.. ProjectFiles("src").Select(f => Path.GetFileNameWithoutExtension(f))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_what_the_design_allows(string project)
    {
        Assert.True(Allowed.ContainsKey(project), $"{project} is not in the list of allowed references.");
        Assert.Empty(References(project).Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_reference_that_a_project_gets_through_another_obeys_the_list_too(string project)
    {
        // The build hands references on, so what a project can use is what it reaches; nothing must lead back to it.
        var reached = new HashSet<string>();
        var open = new Stack<string>(References(project));
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
            {
                References(next).ToList().ForEach(open.Push);
            }
        }

        Assert.DoesNotContain(project, reached);
        Assert.Empty(reached.Except(Reachable(project)));
    }

    [Fact]
    public void Recovery_reaches_pools_through_XenAPI_only() => Assert.Equal(["Redoubt.XenApi"], Reachable("Redoubt.Recovery"));

    [Fact]
    public void Every_project_of_the_list_exists() =>
        Assert.Empty(Allowed.Keys.Except(ProjectFiles("src").Select(f => Path.GetFileNameWithoutExtension(f))));

    [Fact]
    public void Nothing_in_src_refers_to_a_test() =>
        Assert.All(ProjectFiles("src"), file => Assert.DoesNotContain(References(file, _ => true), r => r.EndsWith(".Tests", StringComparison.Ordinal)));

    private static IEnumerable<string> Reachable(string project) =>
        Allowed[project].SelectMany(r => Reachable(r).Append(r)).Distinct();

    private static IEnumerable<string> References(string project) =>
        References(Path.Combine(Repository.Root, "src", project, project + ".csproj"), r => r.Attribute("OutputItemType")?.Value != "Analyzer");

    // A source generator runs in the compiler and is no reference of what it is compiled with.
    private static IEnumerable<string> References(string file, Func<XElement, bool> counts) => XDocument.Load(file)
        .Descendants("ProjectReference").Where(counts)
        .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));

    private static IEnumerable<string> ProjectFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories);
}
