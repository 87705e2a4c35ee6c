namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>A name means one thing in the product: two types of one name are two words for two ideas, or one idea written twice.</summary>
public sealed class TypeNameTests
{
    // Each with the reason why both keep it.
    private static readonly Dictionary<string, string> Shared = new()
    {
        ["App"] = "the command line's application, and the component that Blazor's pages hang on, which is called so everywhere",
    };

    [Fact]
    public void No_two_types_at_the_top_have_one_name()
    {
        var twice = SourceProject.All.SelectMany(p => p.Types).GroupBy(t => t.Name)
            .Where(g => g.Select(t => (t.Project, t.Folder)).Distinct().Count() > 1).ToList();
        Offences.None(twice.Where(g => !Shared.ContainsKey(g.Key)).Select(g => $"{g.Key}: {string.Join(", ", g.Select(t => t.File))}"));
        Offences.None(Shared.Keys.Except(twice.Select(g => g.Key)));
    }
}
