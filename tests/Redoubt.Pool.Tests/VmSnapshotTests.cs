using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Snapshots of halted VMs, the tree that they make, and the way back. Those of running ones take a guest: see the end-to-end
/// tests.</summary>
public sealed class VmSnapshotTests
{
    private const int DiskBytes = 1 << 20;

    [Fact]
    public async Task A_VM_is_again_what_it_was_when_the_snapshot_was_made()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one", v => v with { GenerationId = "1:2", OtherConfig = TestSite.Map(("kept", "then")) });
        var (system, data) = (await site.CreateVdiAsync(sr, "system"), await site.CreateVdiAsync(sr, "data"));
        await site.CreateVbdAsync(vm, system, "0");
        await site.CreateVbdAsync(vm, data, "1");
        await site.Client.CallAsync<Ref<VbdRecord>>(
            "VBD.create", new VbdRecord { Vm = vm, Userdevice = "3", Mode = VbdMode.Ro, Type = VbdType.Cd, Empty = true });
        await site.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create", new VifRecord { Vm = vm, Network = await site.CreateNetworkAsync("net"), Device = "0" });
        var mac = site.Get(site.Get(vm).Vifs.Single()).Mac;
        await FillAsync(site, system, 1);
        await FillAsync(site, data, 2);
        var snapshot = await SnapshotAsync(site, vm, "then");
        var kept = site.Get(snapshot);
        Assert.Equal(
            (true, true, vm, VmPowerState.Halted, "then"),
            (kept.IsASnapshot, kept.IsATemplate, kept.SnapshotOf, kept.PowerState, kept.NameLabel));
        Assert.Equal("Halted", kept.SnapshotInfo["power-state-at-snapshot"]);
        Assert.Equal(3, kept.Vbds.Count);
        Assert.Equal(
            [system, data],
            kept.Vbds.Select(site.Get).Where(b => b.Type == VbdType.Disk).OrderBy(b => b.Userdevice).Select(
                b => site.Get(b.Vdi).SnapshotOf));
        Assert.All(kept.Vbds.Select(site.Get).Where(b => b.Type == VbdType.Disk), b => Assert.True(site.Get(b.Vdi).IsASnapshot));
        Assert.Equal(
            [VmOperations.Revert, VmOperations.Clone, VmOperations.Copy, VmOperations.Export, VmOperations.Destroy],
            kept.AllowedOperations);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.start", snapshot, false, false))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.revert", vm))[0]);

        // What is changed, added and taken away since.
        await FillAsync(site, system, 3);
        await site.Client.CallAsync("VM.set_memory", vm, 32L << 20);
        await site.Client.CallAsync("VM.set_name_label", vm, "renamed");
        await site.Client.CallAsync("VM.add_to_other_config", vm, "since", "now");
        await site.Client.CallAsync("VBD.destroy", site.Get(vm).Vbds.Single(b => site.Get(b).Userdevice == "1"));
        await site.Client.CallAsync("VIF.destroy", site.Get(vm).Vifs.Single());
        var added = await site.CreateVdiAsync(sr, "added");
        await site.CreateVbdAsync(vm, added, "2");
        await site.Client.CallAsync("VM.revert", snapshot);

        var now = site.Get(vm);
        Assert.Equal(("renamed", 128L << 20, snapshot, "now"), (now.NameLabel, now.MemoryStaticMax, now.Parent, now.OtherConfig["since"]));
        Assert.NotEqual("1:2", now.GenerationId);
        Assert.Equal(mac, site.Get(now.Vifs.Single()).Mac);
        var disks = now.Vbds.Select(site.Get).Where(b => b.Type == VbdType.Disk).OrderBy(b => b.Userdevice).Select(b => b.Vdi).ToList();
        Assert.Equal((1, 2), (await ReadAsync(site, disks[0]), await ReadAsync(site, disks[1])));
        Assert.All(disks, d => Assert.Equal((false, default), (site.Get(d).IsASnapshot, site.Get(d).SnapshotOf)));

        // What the snapshot replaces is gone; what it did not know of, or the VM had no more, is there.
        Assert.Null(site.Daemon.Services.State.Find(system));
        Assert.Equal((0, 0), (site.Get(added).Vbds.Count, site.Get(data).Vbds.Count));
        Assert.Contains(
            disks[0], site.Get(snapshot).Vbds.Select(site.Get).Where(b => b.Type == VbdType.Disk).Select(b => site.Get(b.Vdi).SnapshotOf));
        RequireNothingUnderWay(site);
        Assert.Equal(6, Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), "*.qcow2", SearchOption.AllDirectories).Count());

        // And again, from a copy of what it had.
        await FillAsync(site, disks[0], 4);
        await site.Client.CallAsync("VM.revert", snapshot);
        Assert.Equal(1, await ReadAsync(site, site.Get(site.Get(vm).Vbds.Single(b => site.Get(b).Userdevice == "0")).Vdi));
    }

    [Fact]
    public async Task Snapshots_make_a_tree_that_closes_where_one_goes()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var (first, second) = (await SnapshotAsync(site, vm, "first"), await SnapshotAsync(site, vm, "second"));
        await site.Client.CallAsync("VM.revert", first);
        var third = await SnapshotAsync(site, vm, "third");
        Assert.Equal((first, first, third), (site.Get(second).Parent, site.Get(third).Parent, site.Get(vm).Parent));
        Assert.Equal([first, second, third], site.Get(vm).Snapshots.OrderBy(s => site.Get(s).NameLabel));
        await site.Client.CallAsync("VM.destroy", third);
        Assert.Equal(first, site.Get(vm).Parent);
        await site.Client.CallAsync("VM.destroy", first);
        Assert.Equal((true, true), (site.Get(vm).Parent.IsNull, site.Get(second).Parent.IsNull));
        await site.Client.CallAsync("VM.revert", second);
        Assert.Equal(second, site.Get(vm).Parent);
        await site.Client.CallAsync("VM.destroy", vm);
        Assert.Contains("gone", (await site.Client.FailAsync("VM.revert", second))[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disks_that_are_to_be_left_out_are_left_out_and_a_shared_one_survives_a_revert()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var (vm, other) = (await site.CreateVmAsync("one"), await site.CreateVmAsync("other"));
        var (own, shared, large) = (
            await site.CreateVdiAsync(sr, "own"), await site.CreateVdiAsync(sr, "shared"), await site.CreateVdiAsync(sr, "large"));
        foreach (var disk in new[] { own, shared, large })
        {
            await site.CreateVbdAsync(vm, disk);
        }

        await site.CreateVbdAsync(other, shared);
        var snapshot = await site.Client.CallAsync<Ref<VmRecord>>(
            "VM.snapshot", vm, "then", System.Collections.Immutable.ImmutableList.Create(large));
        Assert.Equal(
            [own, shared], site.Get(snapshot).Vbds.Select(b => site.Get(site.Get(b).Vdi).SnapshotOf).OrderBy(d => site.Get(d).NameLabel));
        await site.Client.CallAsync("VM.revert", snapshot);
        Assert.Equal(2, site.Get(vm).Vbds.Count);
        Assert.Equal((0, 1), (site.Get(large).Vbds.Count, site.Get(shared).Vbds.Count));
        Assert.Null(site.Daemon.Services.State.Find(own));
        RequireNothingUnderWay(site);
    }

    [Fact]
    public async Task A_running_VM_is_switched_off_for_a_revert_unless_that_is_blocked()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var snapshot = await SnapshotAsync(site, vm, "then");
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VM.add_to_blocked_operations", vm, VmOperations.Reverting, "not now");
        Assert.Equal(["OPERATION_BLOCKED", vm.Opaque, "not now"], await site.Client.FailAsync("VM.revert", snapshot));
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.remove_from_blocked_operations", vm, VmOperations.Reverting);
        await site.Client.CallAsync("VM.add_to_blocked_operations", vm, VmOperations.HardShutdown, "stays up");
        Assert.Equal(["OPERATION_BLOCKED", vm.Opaque, "stays up"], await site.Client.FailAsync("VM.revert", snapshot));
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.remove_from_blocked_operations", vm, VmOperations.HardShutdown);
        await site.Client.CallAsync("VM.revert", snapshot);
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
        RequireNothingUnderWay(site);
    }

    [Fact]
    public async Task A_running_VM_whose_snapshot_can_not_be_copied_runs_on_as_it_was()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var disk = await site.CreateVdiAsync(sr, "system");
        await site.CreateVbdAsync(vm, disk, "0");
        var snapshot = await SnapshotAsync(site, vm, "then");
        var kept = site.Get(site.Get(site.Get(snapshot).Vbds.Single()).Vdi).Uuid;
        File.Delete(Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), $"{kept}.*", SearchOption.AllDirectories).Single());
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.FailAsync("VM.revert", snapshot);
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        var drive = site.Get(site.Get(vm).Vbds.Single());
        Assert.Equal((disk, true), (drive.Vdi, drive.CurrentlyAttached));
        Assert.Equal(2, site.All<VdiRecord>().Count());
        RequireNothingUnderWay(site);
    }

    [Fact]
    public async Task A_disk_that_a_VM_was_given_while_it_runs_is_kept_though_its_guest_has_it_not_yet()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        await site.Client.CallAsync("VM.start", vm, false, false);
        var added = await site.CreateVdiAsync(sr, "added");
        await FillAsync(site, added, 5);
        await site.CreateVbdAsync(vm, added, "0");
        var snapshot = await SnapshotAsync(site, vm, "then");
        Assert.Equal("Running", site.Get(snapshot).SnapshotInfo["power-state-at-snapshot"]);
        var kept = site.Get(site.Get(snapshot).Vbds.Single()).Vdi;
        Assert.Equal((added, true), (site.Get(kept).SnapshotOf, site.Get(kept).IsASnapshot));
        Assert.Equal(5, await ReadAsync(site, kept));
        RequireNothingUnderWay(site);
    }

    [Fact]
    public async Task Disks_that_came_without_what_they_are_snapshots_of_replace_nothing()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var (system, data) = (await site.CreateVdiAsync(sr, "system"), await site.CreateVdiAsync(sr, "data"));
        await site.CreateVbdAsync(vm, system, "0");
        await site.CreateVbdAsync(vm, data, "1");
        await FillAsync(site, system, 1);
        await FillAsync(site, data, 2);
        var snapshot = await SnapshotAsync(site, vm, "then");

        // As after a recovery: the storage keeps the disks, and nothing about what they are.
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                foreach (var vbd in tx.Get(snapshot).Vbds)
                {
                    tx.Update(tx.Get(vbd).Vdi, v => v with { IsASnapshot = false, SnapshotOf = default });
                }
            },
            TestSite.Cancel);
        await site.Client.CallAsync("VM.revert", snapshot);
        var disks = site.Get(vm).Vbds.Select(site.Get).OrderBy(b => b.Userdevice).Select(b => b.Vdi).ToList();
        Assert.Equal((1, 2), (await ReadAsync(site, disks[0]), await ReadAsync(site, disks[1])));
        Assert.Empty(disks.Intersect([system, data]));
        Assert.Equal((0, 0), (site.Get(system).Vbds.Count, site.Get(data).Vbds.Count));
        RequireNothingUnderWay(site);
    }

    private static void RequireNothingUnderWay(TestSite site)
    {
        Assert.All(site.All<VmRecord>(), v => Assert.Empty(v.CurrentOperations));
        Assert.All(site.All<VdiRecord>(), v => Assert.Empty(v.CurrentOperations));
        Assert.DoesNotContain(site.All<SrRecord>(), s => s.OtherConfig.ContainsKey(DisksInMaking.Key));
        Assert.Empty(site.All<MessageRecord>());
    }

    private static Task<Ref<VmRecord>> SnapshotAsync(TestSite site, Ref<VmRecord> vm, string name) =>
        site.Client.CallAsync<Ref<VmRecord>>("VM.snapshot", vm, name, System.Collections.Immutable.ImmutableList<Ref<VdiRecord>>.Empty);

    private static Task FillAsync(TestSite site, Ref<VdiRecord> vdi, byte with) =>
        site.FillAsync(vdi, [.. Enumerable.Repeat(with, DiskBytes)]);

    private static async Task<int> ReadAsync(TestSite site, Ref<VdiRecord> vdi) =>
        Assert.Single((await site.ReadAsync(vdi)).Distinct());
}
