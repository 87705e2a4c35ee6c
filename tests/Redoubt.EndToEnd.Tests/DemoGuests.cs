using System.Text.RegularExpressions;
using Redoubt.Cli.Demo;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Guests of the demo at a site of a test, and what there is of them.</summary>
internal static partial class DemoGuests
{
    /// <summary>Makes a VM of each of them; gives the SR that their disks are on.</summary>
    public static Task<Ref<SrRecord>> BuildAsync(DemoSite site, params IReadOnlyList<DemoGuest> guests) =>
        BuildAsync(site, default, guests);

    /// <summary>The same on an SR that is there.</summary>
    public static async Task<Ref<SrRecord>> BuildAsync(DemoSite site, Ref<SrRecord> sr, IReadOnlyList<DemoGuest> guests)
    {
        await using var output = new StringWriter();
        var story = new DemoStory(new Terminal(output, output, isInteractive: false));
        var production = new DemoPrimary(site, new DemoOptions(Repository.GuestImage, site.Directory, false), story) { Sr = sr };
        await production.BuildAsync(guests, TestContext.Current.CancellationToken);
        return production.Sr;
    }

    /// <summary>Waits until a guest has counted past a number since it booted last.</summary>
    public static Task CountsPastAsync(DemoSite site, DemoGuest guest, long count) =>
        Patience.UntilAsync(() => guest.Read(site).LastCount > count, $"{guest.Name} ({guest.Uuid}) counts past {count}");

    /// <summary>Waits until the last count in a guest's log is past a number, whether it booted there or came with its memory.</summary>
    public static Task LogPassesAsync(DemoSite site, DemoGuest guest, long count) =>
        Patience.UntilAsync(() => CountsOf(site, guest) is [.., var last] && last > count, $"the log of {guest.Name} passes {count}");

    /// <summary>All counts in a guest's log.</summary>
    public static List<long> CountsOf(DemoSite site, DemoGuest guest) =>
        [.. CountLine().Matches(ConsoleOf(site, guest.Uuid)).Select(m => long.Parse(m.Groups["count"].Value))];

    /// <summary>No count is missing and none came twice: the guest did not notice.</summary>
    public static void RequireCountedOn(List<long> counts) =>
        Assert.Equal(Enumerable.Range(0, counts.Count).Select(i => counts[0] + i), counts);

    /// <summary>How often a guest has booted at a site.</summary>
    public static int BootsOf(DemoSite site, DemoGuest guest) =>
        Regex.Count(ConsoleOf(site, guest.Uuid), "redoubt-guest: name=", RegexOptions.None, TimeSpan.FromSeconds(1));

    /// <summary>What a site has of a VM's console; empty if that is not there yet.</summary>
    public static string ConsoleOf(DemoSite site, string uuid)
    {
        var path = Path.Combine(site.DataDirectory, "consoles", $"{uuid}.log");
        if (!File.Exists(path))
        {
            return "";
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>The disks that lie in a directory or below it.</summary>
    public static List<string> DisksIn(string directory) =>
        [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".qcow2" or ".raw")];

    // A line may begin at another site, or before the moment that the guest went back to: it was suspended in the middle of it.
    [GeneratedRegex(@"count=(?<count>\d+)\r?\n", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CountLine();
}
