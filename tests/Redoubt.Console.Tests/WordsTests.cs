using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Net.Http.Headers;

namespace Redoubt.Console.Tests;

/// <summary>Every text of the console is in a resource file, and what is there is used.</summary>
public sealed partial class WordsTests
{
    public static TheoryData<string> Classes =>
        [.. Directory.EnumerateFiles(Folder, "*Text.cs", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Folder, f))
            .Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(Repository.Root, "src", "Redoubt.Console");

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_class_asks_for_just_the_texts_that_its_resource_file_has_with_the_values_that_they_take(string file)
    {
        var texts = XDocument.Load(Path.Combine(Folder, Path.ChangeExtension(file, ".resx"))).Root!.Elements("data")
            .ToDictionary(d => d.Attribute("name")!.Value, d => d.Element("value")!.Value);
        var asked = Asked().Matches(File.ReadAllText(Path.Combine(Folder, file)));
        Assert.Equal(
            texts.Keys.Order(StringComparer.Ordinal), asked.Select(a => a.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal));
        Assert.All(asked, a => Assert.Equal(a.Groups["of"].Success, Hole().IsMatch(texts[a.Groups["name"].Value])));
        Assert.All(texts.Values, t => Assert.False(string.IsNullOrWhiteSpace(t)));
    }

    [Theory]
    [MemberData(nameof(Classes))]
    public void Every_text_is_said(string file)
    {
        var type = typeof(Words).Assembly.GetTypes().Single(t => t.Name == Path.GetFileNameWithoutExtension(file));
        foreach (var member in type.GetProperties(BindingFlags.Public | BindingFlags.Static))
        {
            Assert.NotNull(member.GetValue(null));
        }
    }

    [Theory]
    [InlineData("de-AT,de;q=0.9,en;q=0.8", "de-AT de de de en en")]
    [InlineData("en;q=0.5, pt-BR", "pt-BR pt en en")]
    [InlineData("zh-Hant-TW", "zh-Hant-TW zh")]
    [InlineData("fr;q=0", "")]
    public void Whoever_wants_the_language_of_a_region_takes_the_language_too(string header, string names) =>
        Assert.Equal(names, string.Join(' ', ConsoleLanguages.Wanted(StringWithQualityHeaderValue.ParseList([header]))?.UICultures ?? []));

    [Fact]
    public void Pages_have_no_words_of_their_own()
    {
        var wrong = Directory.EnumerateFiles(Folder, "*.razor", SearchOption.AllDirectories)
            .SelectMany(f => OwnWords().Matches(Markup(File.ReadAllText(f))).Select(m => $"{Path.GetRelativePath(Folder, f)}: {m.Value}"));
        Assert.Empty(wrong);
    }

    private static string Markup(string page) => page.IndexOf("@code", StringComparison.Ordinal) is var code and >= 0 ? page[..code] : page;

    [GeneratedRegex(@"Words(\[""(?<name>\w+)""\]|(?<of>\.Of)\(\s*""(?<name>\w+)"")", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Asked();

    [GeneratedRegex(@"\{\d", RegexOptions.None, 1000)]
    private static partial Regex Hole();

    // Two words in a row between tags, or an attribute that is read out.
    [GeneratedRegex(@">[^<>@{}()=]*[A-Za-z]{2,} [A-Za-z]{2,}[^<>@{}()=]*</|(title|aria-label|placeholder|alt)=""[A-Za-z]{2,}[^""@=:]*""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OwnWords();
}
