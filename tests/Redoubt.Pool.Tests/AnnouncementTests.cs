using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What people are told by messages, and that the manual says the same.</summary>
public sealed partial class AnnouncementTests
{
    [Fact]
    public void The_manual_has_every_announcement_with_its_priority_and_no_other()
    {
        var manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating", "daemon.md"));
        var table = manual[manual.IndexOf("## Messages worth watching", StringComparison.Ordinal)..];
        var written = Named().Matches(table)
            .SelectMany(m => m.Groups["priority"].Value.Split(" or ")
                .Select(p => (m.Groups["name"].Value, int.Parse(p, CultureInfo.InvariantCulture)))).ToList();
        Assert.Equal(All().Select(a => (a.Name, a.Priority)).Distinct().Order(), written.Order());
        Assert.Equal(written.Distinct().Count(), written.Count);
    }

    [Fact]
    public void Every_announcement_is_of_one_type_and_says_something()
    {
        Assert.Empty(All().GroupBy(a => a.Name).Where(g => g.Select(a => a.GetType()).Distinct().Count() > 1).Select(g => g.Key));
        Assert.All(All(), a => Assert.False(string.IsNullOrWhiteSpace(a.Text), a.Name));
        Assert.All(All(), a => Assert.InRange(a.Priority, 1, 5));
        Assert.True(All().Count() > 40, "the set is found by reflection");
    }

    // Each with its switches on and off, for the priority may depend on them.
    private static IEnumerable<Announcement> All() =>
        typeof(Announcement).GetNestedTypes().SelectMany(type => new[] { false, true }.Select(isOn => Make(type, isOn)));

    private static Announcement Make(Type type, bool isOn)
    {
        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance).Single();
        return (Announcement)constructor.Invoke([.. constructor.GetParameters().Select(p => Argument(p.ParameterType, isOn))]);
    }

    private static object Argument(Type type, bool isOn) => type == typeof(string) ? "some words"
        : type == typeof(bool) ? isOn
        : type == typeof(Cls) ? Cls.Pool
        : Activator.CreateInstance(type)!;

    [GeneratedRegex(@"`(?<name>[A-Z]+(_[A-Z]+)+)` \((?<priority>\d( or \d)?)\)")]
    private static partial Regex Named();
}
