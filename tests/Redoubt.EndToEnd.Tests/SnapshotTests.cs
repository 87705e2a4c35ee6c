using Redoubt.Cli.Demo;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest that counts is kept as it is while it counts on, and counts on from there when it is brought back.</summary>
public sealed class SnapshotTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_guest_counts_on_through_snapshots_and_from_where_it_was_after_a_revert()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var (guest, vm) = await BuildAsync(site);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await CountsPastAsync(site, guest, 3);
        var earliest = guest.Read(site).LastCount!.Value;
        var snapshot = await _shell.RunAsync(site, "vm-snapshot vm=alone new-name-label=then");
        var latest = guest.Read(site).LastCount!.Value + 1;
        await CountsPastAsync(site, guest, latest + 3);
        Assert.Equal("Running", $"{await site.Api.Vm.GetPowerStateAsync(vm, Stop)}");
        Assert.Single(Boots(site, guest));

        // Two at once: the second is told of the first.
        var both = await Task.WhenAll(
            Task.Run(() => TrySnapshotAsync(site, vm, "a"), Stop), Task.Run(() => TrySnapshotAsync(site, vm, "b"), Stop));
        Assert.All(both, code => Assert.True(code is null or "OTHER_OPERATION_IN_PROGRESS", code));
        Assert.Contains(both, code => code is null);

        // Its disks stand alone, as plain qemu-img sees them.
        foreach (var file in Files(site))
        {
            Assert.True(await Programs.RunAsync("qemu-img", "check", "-q", "-U", file));
        }

        // While it runs: it is switched off, and begins where it was.
        await _shell.RunAsync(site, $"snapshot-revert uuid={snapshot}");
        Assert.Equal("halted", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=power-state"));
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(() => Boots(site, guest).Count == 2, "it has booted again");
        await CountsPastAsync(site, guest, earliest + 3);
        Assert.InRange(guest.Read(site).ResumedFrom, earliest - 1, latest);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");

        foreach (var left in (await _shell.RunAsync(site, "snapshot-list --minimal")).Split(','))
        {
            await _shell.RunAsync(site, $"snapshot-uninstall uuid={left} --force");
        }

        Assert.Equal(2, Files(site).Count);
        Assert.Equal(2, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count);
    }

    [Fact]
    public async Task A_snapshot_that_its_storage_can_not_hold_leaves_the_guest_running_and_nothing_else()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var mib = ((new FileInfo(Repository.GuestImage).Length >> 20) * 4) + 64;
        Assert.True(await Programs.RunAsync("mount", "-t", "tmpfs", "-o", $"size={mib}m", "tmpfs", site.Storage));
        try
        {
            var (guest, vm) = await BuildAsync(site);
            await _shell.RunAsync(site, "vm-start vm=alone");
            await CountsPastAsync(site, guest, 3);
            await File.WriteAllBytesAsync(
                Path.Combine(site.Storage, "filler"), new byte[new DriveInfo(site.Storage).AvailableFreeSpace - (3 << 20)], Stop);
            var (code, _, error) = await _shell.TryAsync(site, "vm-snapshot vm=alone new-name-label=then");
            Assert.True(code != 0 && error.Contains("SR_FULL", StringComparison.Ordinal), error);
            await CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 3);
            Assert.Empty((await site.Api.Vm.GetRecordAsync(vm, Stop)).CurrentOperations);
            Assert.Equal("", await _shell.RunAsync(site, "snapshot-list --minimal"));
            Assert.Equal(2, Files(site).Count);
            Assert.Equal(2, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count);
            await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        }
        finally
        {
            await site.KillAsync();
            await Programs.RunAsync("umount", "-l", site.Storage);
        }
    }

    private static async Task<(DemoGuest Guest, Ref<VmRecord> Vm)> BuildAsync(DemoSite site)
    {
        var guest = new DemoGuest("alone", 0, 0, false);
        await using var output = new StringWriter();
        var story = new DemoStory(new Terminal(output, output, isInteractive: false));
        await new DemoPrimary(site, new DemoOptions(Repository.GuestImage, site.Directory, false), story).BuildAsync([guest], Stop);
        return (guest, await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop));
    }

    private static async Task<string?> TrySnapshotAsync(DemoSite site, Ref<VmRecord> vm, string name)
    {
        try
        {
            await site.Api.Vm.SnapshotAsync(vm, name, [], Stop);
            return null;
        }
        catch (XenApiException refused)
        {
            return refused.Code;
        }
    }

    private static List<string> Files(DemoSite site) =>
        [.. Directory.EnumerateFiles(site.Storage, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".qcow2" or ".raw")];

    private static System.Text.RegularExpressions.MatchCollection Boots(DemoSite site, DemoGuest guest)
    {
        using var file = new FileStream(
            Path.Combine(site.DataDirectory, "consoles", $"{guest.Uuid}.log"), FileMode.Open, FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return System.Text.RegularExpressions.Regex.Matches(
            reader.ReadToEnd(), "redoubt-guest: name=", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
    }

    private static Task CountsPastAsync(DemoSite site, DemoGuest guest, long count) =>
        Patience.UntilAsync(() => guest.Read(site).LastCount > count, $"it counts past {count}");
}
