using System.Text.RegularExpressions;

namespace Redoubt.Recovery.Tests;

/// <summary>docs/operating/rules.md says of each rule of recovery what is promised, and which tests hold us to it.</summary>
public sealed class RuleTableTests
{
    private const int Rules = 23;

    [Fact]
    public void Every_rule_has_its_tests_and_the_table_names_exactly_those()
    {
        var table = Regex.Matches(
            File.ReadAllText(Path.Combine(Repository.Root, "docs/operating/rules.md")),
            @"^\| (?<rule>\d+) \| (?<promise>[^|]+) \| (?<tests>[^|]+) \|$", RegexOptions.Multiline);
        Assert.Equal(Enumerable.Range(1, Rules).Select(r => $"{r}"), table.Select(r => r.Groups["rule"].Value));
        var tests = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Regex.Matches(File.ReadAllText(f), @"\[(?:Fact|InlineData\([^\n]*\)|MemberData\([^\n]*\))\]\s+public (?:async )?(?:Task|void) (?<name>Rule(?<rule>\d\d)_\w+)\("))
            .ToLookup(m => int.Parse(m.Groups["rule"].Value), m => m.Groups["name"].Value);
        foreach (Match row in table)
        {
            var named = Regex.Matches(row.Groups["tests"].Value, @"`(\w+)`").Select(m => m.Groups[1].Value).ToList();
            Assert.NotEmpty(named);
            Assert.Equal(tests[int.Parse(row.Groups["rule"].Value)].Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        }
    }
}
