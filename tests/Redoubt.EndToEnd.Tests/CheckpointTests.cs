using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest that counts is kept with its memory, counts on, and later counts on from there, on the disks of that moment.</summary>
public sealed class CheckpointTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_counts_on_through_a_checkpoint_and_from_there_as_often_as_it_is_reverted_to_it()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var (guest, vm) = await BuildAsync(site);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.LogPassesAsync(site, guest, 3);
        var earliest = DemoGuests.CountsOf(site, guest)[^1];
        var checkpoint = await _shell.RunAsync(site, "vm-checkpoint vm=alone new-name-label=then");
        var latest = DemoGuests.CountsOf(site, guest)[^1];
        await DemoGuests.LogPassesAsync(site, guest, latest + 3);
        DemoGuests.RequireCountedOn(DemoGuests.CountsOf(site, guest));
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));
        Assert.Equal("Running", $"{await site.Api.Vm.GetPowerStateAsync(vm, Stop)}");
        Assert.DoesNotContain("held-for-checkpoint", (await site.Api.Vm.GetRecordAsync(vm, Stop)).OtherConfig.Keys);
        Assert.Equal("suspended", await _shell.RunAsync(site, $"snapshot-param-get uuid={checkpoint} param-name=power-state"));
        foreach (var file in DisksOf(site))
        {
            Assert.True(await Programs.RunAsync("qemu-img", "check", "-q", "-U", file));
        }

        // Twice: what it wrote in between is gone each time, on the disks as in its memory.
        for (var round = 0; round < 2; round++)
        {
            await _shell.RunAsync(site, $"snapshot-revert uuid={checkpoint}");
            var before = DemoGuests.CountsOf(site, guest).Count;
            Assert.Equal("suspended", await _shell.RunAsync(site, $"vm-param-get uuid={guest.Uuid} param-name=power-state"));
            await _shell.RunAsync(site, "vm-resume vm=alone");
            await Patience.UntilAsync(() => DemoGuests.CountsOf(site, guest).Count > before + 3, "the guest counts again");
            var since = DemoGuests.CountsOf(site, guest)[before..];
            Assert.InRange(since[0], earliest + 1, latest + 1);
            DemoGuests.RequireCountedOn(since);
            Assert.Equal(1, DemoGuests.BootsOf(site, guest));
        }

        // Its memory and its disks are of one moment: started from its disks it goes on from the count that its memory had reached.
        await _shell.RunAsync(site, $"snapshot-revert uuid={checkpoint}");
        var counted = DemoGuests.CountsOf(site, guest).Count;
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        await _shell.RunAsync(site, "vm-start vm=alone");
        await Patience.UntilAsync(() => DemoGuests.BootsOf(site, guest) == 2, "it has booted again");
        await Patience.UntilAsync(() => DemoGuests.CountsOf(site, guest).Count > counted + 1, "it counts again");
        Assert.InRange(guest.Read(site).ResumedFrom, earliest - 1, latest + 1);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");

        // A copy of a checkpoint starts from its disks.
        var copy = await site.Api.CallAsync<Ref<VmRecord>>(
            "VM.clone", [await site.Api.Vm.GetByUuidAsync(checkpoint, Stop), "copy"], Stop);
        Assert.Equal(VmPowerState.Halted, await site.Api.Vm.GetPowerStateAsync(copy, Stop));
        await _shell.RunAsync(site, $"template-uninstall template-uuid={await site.Api.Vm.GetUuidAsync(copy, Stop)} --force");
        var memory = await _shell.RunAsync(site, "vdi-list type=Suspend --minimal");
        Assert.Contains("VDI_IN_USE", await _shell.FailAsync(site, $"vdi-destroy uuid={memory}"), StringComparison.Ordinal);
        await _shell.RunAsync(site, $"snapshot-uninstall uuid={checkpoint} --force");
        Assert.Equal("", await _shell.RunAsync(site, "vdi-list type=Suspend --minimal"));
        Assert.Equal(2, DisksOf(site).Count);
        Assert.Empty(MemoriesOf(site));
    }

    [Fact]
    [Trait("Needs", "soak")]
    public async Task A_daemon_that_is_killed_at_any_moment_of_a_checkpoint_leaves_the_guest_counting_and_nothing_else()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var (guest, vm) = await BuildAsync(site);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.LogPassesAsync(site, guest, 3);
        var (kept, begun) = (0, 0);
        for (var round = 0; round < 6; round++)
        {
            var checkpoint = site.Api.CallAsync("VM.checkpoint", [vm, "then"], Stop);
            await Patience.UntilAsync(() => MemoriesOf(site).Count() > kept || checkpoint.IsCompleted, "it is being made");
            begun += checkpoint.IsCompleted ? 0 : 1;
            await Task.WhenAny(checkpoint, Task.Delay(TimeSpan.FromMilliseconds(150 * round), Stop));
            await Bench.SignalAsync(site.Daemon, "KILL");
            await site.Daemon.WaitForExitAsync(Stop);
            try
            {
                await checkpoint;
            }
            catch (XenApiTransportException)
            {
                // The daemon that was asked is gone.
            }

            site = await bench.StartAsync("site");
            await DemoGuests.LogPassesAsync(site, guest, DemoGuests.CountsOf(site, guest)[^1] + 3);
            var record = await site.Api.Vm.GetRecordAsync(vm, Stop);
            kept = record.Snapshots.Count;
            TestContext.Current.SendDiagnosticMessage($"round {round}: {kept} kept");
            Assert.Equal(VmPowerState.Running, record.PowerState);
            Assert.DoesNotContain("held-for-checkpoint", record.OtherConfig.Keys);
            Assert.Equal(kept, MemoriesOf(site).Count());
            var told = (await site.Api.GetAllRecordsAsync<MessageRecord>(Stop)).Values.Select(m => $"{m.Name}: {m.Body}");
            Assert.True(DisksOf(site).Count == 2 + (2 * kept), string.Join('\n', told.Prepend($"round {round}, {kept} kept")));
        }

        Assert.True(begun > 0, "no checkpoint had got as far as an image");
        DemoGuests.RequireCountedOn(DemoGuests.CountsOf(site, guest));
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
    }

    [Fact]
    public async Task A_guest_that_dies_in_the_middle_or_storage_that_is_full_leaves_nothing_behind()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var mib = ((new FileInfo(Repository.GuestImage).Length >> 20) * 6) + 400;
        Assert.True(await Programs.RunAsync("mount", "-t", "tmpfs", "-o", $"size={mib}m", "tmpfs", site.Storage));
        try
        {
            var (guest, vm) = await BuildAsync(site);
            await _shell.RunAsync(site, "vm-start vm=alone");
            await DemoGuests.LogPassesAsync(site, guest, 3);

            // Two at once, and one after the other: each has its own memory.
            var both = await Task.WhenAll(TryAsync(site, vm), TryAsync(site, vm));
            Assert.All(both, code => Assert.True(code is null or "OTHER_OPERATION_IN_PROGRESS", code));
            Assert.Contains(both, code => code is null);
            var snapshot = (await site.Api.Vm.GetRecordAsync(vm, Stop)).Snapshots[0];
            await _shell.RunAsync(site, $"snapshot-uninstall uuid={await site.Api.Vm.GetUuidAsync(snapshot, Stop)} --force");

            // Room for what its memory may take, and not for its disks and what else comes.
            var disks = DisksOf(site).Count;
            var filler = Path.Combine(site.Storage, "filler");
            await File.WriteAllBytesAsync(filler, new byte[new DriveInfo(site.Storage).AvailableFreeSpace - (8 << 20)], Stop);
            Assert.Contains("SR_FULL", await _shell.FailAsync(site, "vm-checkpoint vm=alone new-name-label=x"), StringComparison.Ordinal);
            await DemoGuests.LogPassesAsync(site, guest, DemoGuests.CountsOf(site, guest)[^1] + 3);
            Assert.Equal(disks, DisksOf(site).Count);
            Assert.Empty(MemoriesOf(site));
            File.Delete(filler);
            DemoGuests.RequireCountedOn(DemoGuests.CountsOf(site, guest));

            // Its QEMU is killed as it stands still.
            var checkpoint = TryAsync(site, vm);
            await Patience.UntilAsync(() => MemoriesOf(site).Any() || checkpoint.IsCompleted, "its memory is being written");
            await GuestProcesses.KillAsync($"guest={guest.Uuid}");

            var code = await checkpoint;
            await Patience.UntilAsync(
                async () => await site.Api.Vm.GetPowerStateAsync(vm, Stop) == VmPowerState.Halted, "its end is noted");
            var left = await site.Api.Vm.GetRecordAsync(vm, Stop);
            Assert.Equal(code is null ? 1 : 0, left.Snapshots.Count);
            Assert.DoesNotContain("held-for-checkpoint", left.OtherConfig.Keys);
            Assert.Equal(left.Snapshots.Count, MemoriesOf(site).Count());
            await _shell.RunAsync(site, "vm-start vm=alone");
            await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        }
        finally
        {
            await site.KillAsync();
            await Programs.RunAsync("umount", "-l", site.Storage);
        }
    }

    [Fact]
    [Trait("Needs", "soak")]
    public async Task A_checkpoint_comes_along_to_the_other_site_and_its_guest_counts_on_there()
    {
        await using var bench = new Bench();
        var (primary, recovery) = (await bench.StartAsync("primary"), await bench.StartAsync("recovery"));
        var guest = new DemoGuest("alone", 0, 0, false);
        var sr = await primary.CallAsync<string>("SR.get_uuid", Stop, await DemoGuests.BuildAsync(primary, guest));
        await _shell.RunAsync(primary, $"sr-enable-database-replication uuid={sr}");
        await _shell.RunAsync(primary, "vm-start vm=alone");
        await DemoGuests.LogPassesAsync(primary, guest, 3);
        var checkpoint = await _shell.RunAsync(primary, "vm-checkpoint vm=alone new-name-label=then");
        var latest = DemoGuests.CountsOf(primary, guest)[^1];
        await DemoGuests.LogPassesAsync(primary, guest, latest + 2);
        await primary.KillAsync();
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        foreach (var network in DemoCommand.Networks)
        {
            await _shell.RunAsync(recovery, $"network-create name-label={network}");
        }

        await _shell.RunAsync(recovery, $"drtask-create type=file device-config:location={recovery.Storage} sr-whitelist={sr}");
        await _shell.RunAsync(recovery, $"dr-failover sr-uuid={sr} source-dead=true --yes");
        Assert.Equal("suspended", await _shell.RunAsync(recovery, $"snapshot-param-get uuid={checkpoint} param-name=power-state"));
        await _shell.RunAsync(recovery, $"snapshot-revert uuid={checkpoint}");
        var before = DemoGuests.CountsOf(recovery, guest).Count;
        await _shell.RunAsync(recovery, "vm-resume vm=alone");
        await Patience.UntilAsync(() => DemoGuests.CountsOf(recovery, guest).Count > before + 3, "it counts there");
        var there = DemoGuests.CountsOf(recovery, guest)[before..];
        Assert.InRange(there[0], 1, latest + 1);
        DemoGuests.RequireCountedOn(there);
        await _shell.RunAsync(recovery, "vm-shutdown vm=alone --force");
        await _shell.RunAsync(recovery, $"snapshot-uninstall uuid={checkpoint} --force");
        Assert.Equal("", await _shell.RunAsync(recovery, "vdi-list type=Suspend --minimal"));
    }

    private static async Task<(DemoGuest Guest, Ref<VmRecord> Vm)> BuildAsync(DemoSite site)
    {
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        return (guest, await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop));
    }

    private static async Task<string?> TryAsync(DemoSite site, Ref<VmRecord> vm)
    {
        try
        {
            await site.Api.CallAsync("VM.checkpoint", [vm, "then"], Stop);
            return null;
        }
        catch (XenApiException refused)
        {
            return refused.Code;
        }
    }

    private static List<string> DisksOf(DemoSite site) => [.. DemoGuests.DisksIn(site.Storage).Except(MemoriesOf(site))];

    // The hypervisor writes them into raw disks, and there are no others without metadata.
    private static IEnumerable<string> MemoriesOf(DemoSite site) =>
        Directory.EnumerateFiles(site.Storage, "*.raw", SearchOption.AllDirectories);
}
