using Redoubt.Cli.Demo;
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
        await DemoGuests.CountsPastAsync(site, guest, 3);
        var earliest = guest.Read(site).LastCount!.Value;
        var snapshot = await _shell.RunAsync(site, "vm-snapshot vm=alone new-name-label=then");
        var latest = guest.Read(site).LastCount!.Value + 1;
        await DemoGuests.CountsPastAsync(site, guest, latest + 3);
        Assert.Equal("Running", $"{await site.Api.Vm.GetPowerStateAsync(vm, Stop)}");
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));

        // Two at once: the second is told of the first.
        var both = await Task.WhenAll(
            Task.Run(() => TrySnapshotAsync(site, vm, "a"), Stop), Task.Run(() => TrySnapshotAsync(site, vm, "b"), Stop));
        Assert.All(both, code => Assert.True(code is null or "OTHER_OPERATION_IN_PROGRESS", code));
        Assert.Contains(both, code => code is null);

        // Its disks stand alone, as plain qemu-img sees them.
        foreach (var file in DemoGuests.DisksIn(site.Storage))
        {
            Assert.True(await Programs.RunAsync("qemu-img", "check", "-q", "-U", file));
        }

        // While it runs: it is switched off, and begins where it was.
        await _shell.RunAsync(site, $"snapshot-revert uuid={snapshot}");
        Assert.Equal("halted", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=power-state"));
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(() => DemoGuests.BootsOf(site, guest) == 2, "it has booted again");
        await DemoGuests.CountsPastAsync(site, guest, earliest + 3);
        Assert.InRange(guest.Read(site).ResumedFrom, earliest - 1, latest);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");

        foreach (var left in (await _shell.RunAsync(site, "snapshot-list --minimal")).Split(','))
        {
            await _shell.RunAsync(site, $"snapshot-uninstall uuid={left} --force");
        }

        Assert.Equal(2, DemoGuests.DisksIn(site.Storage).Count);
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
            await DemoGuests.CountsPastAsync(site, guest, 3);
            await File.WriteAllBytesAsync(
                Path.Combine(site.Storage, "filler"), new byte[new DriveInfo(site.Storage).AvailableFreeSpace - (3 << 20)], Stop);
            var error = await _shell.FailAsync(site, "vm-snapshot vm=alone new-name-label=then");
            Assert.Contains("SR_FULL", error, StringComparison.Ordinal);
            await DemoGuests.CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 3);
            Assert.Empty((await site.Api.Vm.GetRecordAsync(vm, Stop)).CurrentOperations);
            Assert.Equal("", await _shell.RunAsync(site, "snapshot-list --minimal"));
            Assert.Equal(2, DemoGuests.DisksIn(site.Storage).Count);
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
        await DemoGuests.BuildAsync(site, guest);
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
}
