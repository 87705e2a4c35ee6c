using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Redoubt.XenApi.Tests;

/// <summary>The parts point one way only. This is the list; a reference that it lacks is a decision, to be made here first.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Redoubt.XenApi"] = [],
        ["Redoubt.XenApi.Generator"] = [],
        ["Redoubt.Database"] = ["Redoubt.XenApi"],
        ["Redoubt.Agreement"] = ["Redoubt.Database"],
        ["Redoubt.Storage"] = ["Redoubt.XenApi"],
        ["Redoubt.Compute"] = ["Redoubt.Storage", "Redoubt.XenApi"],
        ["Redoubt.Pool"] = ["Redoubt.Database", "Redoubt.Storage", "Redoubt.Compute"],
        ["Redoubt.Recovery"] = ["Redoubt.XenApi"],
        ["Redoubt.Inspection"] = ["Redoubt.Database", "Redoubt.Recovery"],
        ["Redoubt.Desk"] = ["Redoubt.Pool", "Redoubt.Recovery"],
        ["Redoubt.Console"] = ["Redoubt.Desk", "Redoubt.Inspection"],
        ["Redoubt.Server"] = ["Redoubt.Agreement", "Redoubt.Console", "Redoubt.Desk"],
        ["Redoubt.Cli"] = ["Redoubt.Server", "Redoubt.Desk", "Redoubt.Inspection", "Redoubt.Recovery"],
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
        Assert.All(
            ProjectFiles("src"),
            file => Assert.DoesNotContain(References(file, _ => true), r => r.EndsWith(".Tests", StringComparison.Ordinal)));

    // Each with the reason why what it writes need not survive a power cut, or how it does.
    private static readonly Dictionary<string, string> WritersOfTheirOwn = new()
    {
        ["Redoubt.Storage/DurableFile.cs"] = "the one place",
        ["Redoubt.Storage/Posix.cs"] = "makes a copy in a work area, which DurableFile names",
        ["Redoubt.Storage/File/SrCloning.cs"] = "makes an SR in a work area, which DurableFile names",
        ["Redoubt.Storage/File/WorkArea.cs"] = "a work area may be lost at any moment",
        ["Redoubt.Storage/Images/Ext3Image.cs"] = "scratch",
        ["Redoubt.Storage/Images/ScratchFile.cs"] = "scratch",
        ["Redoubt.Storage/Images/SparseCopy.cs"] = "fills a file in a work area, which DurableFile names",
        ["Redoubt.Database/Journal/JournalDevice.cs"] = "makes a journal, which DurableFile names; journals flush their own content",
        ["Redoubt.Recovery/Runs/RunJournal.cs"] = "SQLite flushes the file and its directory itself",
        ["Redoubt.Server/Audit/AuditLog.cs"] = "appends; an audit log that waited for the disk would double what a call "
            + "costs. DurableFile names it",
        ["Redoubt.Pool/Hosts/HostActs.cs"] = "QEMU writes the files; they are kept in the database",
        ["Redoubt.Recovery/Runs/RunEngine.cs"] = "a copy to look at",
        ["Redoubt.Storage/DataDirectory.cs"] = "the lock",
        ["Redoubt.Storage/Rbd/RbdDevice.cs"] = "an empty file, over which a program shows a disk",
        ["Redoubt.Pool/MessageLog.cs"] = "appends and flushes each line; DurableFile makes and shortens it",
        ["Redoubt.Pool/PoolServices.cs"] = "scratch",
        ["Redoubt.Pool/ScratchDirectory.cs"] = "scratch",
        ["Redoubt.Pool/TestFailovers/TestSrCalls.cs"] = "a test's clones go with the test",
        ["Redoubt.Pool/Restoring/DatabaseRestore.cs"] = "scratch",
        ["Redoubt.Pool/Backups/MetadataBackups.cs"] = "puts a backup together in scratch; the disk it goes to is flushed",
        ["Redoubt.Pool/Backups/BackupVolume.cs"] = "scratch",
        ["Redoubt.Pool/Backups/BackupFolder.cs"] = "scratch",
        ["Redoubt.Pool/Backups/SrNames.cs"] = "scratch",
        ["Redoubt.Compute/EmbeddedRoot.cs"] = "libvirt's settings, made anew at each start",
        ["Redoubt.Compute/Hypervisor.cs"] = "the directories of sockets and logs",
        ["Redoubt.Compute/ScreenPicture.cs"] = "a picture, in a file without a name",
        ["Redoubt.Compute/HostBridge.cs"] = "a setting of the kernel",
        ["Redoubt.Compute/KvmProbe.cs"] = "the disk of a probe guest",
        ["Redoubt.Compute/KvmAnswerCache.cs"] = "a cache",
        ["Redoubt.Server/Health/DataDirectoryWatch.cs"] = "a file of scratch, written to find out whether that can be done",
        ["Redoubt.Console/ConsoleHost.cs"] = "ASP.NET keeps the keys of cookies; without them people log in again",
    };

    [Fact]
    public void Files_that_are_kept_get_their_content_and_their_names_in_one_place()
    {
        var source = Path.Combine(Repository.Root, "src");
        var writers = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/Redoubt.Cli/", StringComparison.Ordinal) && FileWriting().IsMatch(File.ReadAllText(f)))
            .Select(f => Path.GetRelativePath(source, f)).ToList();
        Assert.Empty(writers.Except(WritersOfTheirOwn.Keys));

        // The list shrinks with what it lists.
        Assert.Empty(WritersOfTheirOwn.Keys.Except(writers));
    }

    [GeneratedRegex(@"\b(File\.(Move|Replace|Copy|Create|AppendAll\w+|WriteAll\w+|Open)\b|Directory\.(Move|CreateDirectory)\(|FileMode\.(Create|CreateNew|OpenOrCreate|Append|Truncate)\b|\.MoveTo\()")]
    private static partial Regex FileWriting();

    [Fact]
    public void Only_the_command_line_writes_to_standard_output_and_error_by_itself()
    {
        var source = Path.Combine(Repository.Root, "src");
        Assert.Empty(Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/Redoubt.Cli/", StringComparison.Ordinal)
                && !f.EndsWith("/JournalLog.cs", StringComparison.Ordinal) && StandardStreams().IsMatch(File.ReadAllText(f)))
            .Select(f => Path.GetRelativePath(source, f)));
    }

    [GeneratedRegex(@"\bConsole\.(Error|Out|Write\w*)\b")]
    private static partial Regex StandardStreams();

    private static IEnumerable<string> Reachable(string project) =>
        Allowed[project].SelectMany(r => Reachable(r).Append(r)).Distinct();

    private static IEnumerable<string> References(string project) =>
        References(
            Path.Combine(Repository.Root, "src", project, project + ".csproj"), r => r.Attribute("OutputItemType")?.Value != "Analyzer");

    // A source generator runs in the compiler and is no reference of what it is compiled with.
    private static IEnumerable<string> References(string file, Func<XElement, bool> counts) => XDocument.Load(file)
        .Descendants("ProjectReference").Where(counts)
        .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));

    private static IEnumerable<string> ProjectFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories);
}
