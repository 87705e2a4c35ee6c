using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Snapshots that are taken by a schedule: what is refused, what is taken when, and what goes.</summary>
public sealed class SnapshotScheduleTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_schedule_is_checked_and_completed_as_by_xapi()
    {
        await using var site = await TestSite.OpenAsync();
        var schedule = await CreateAsync(site, VmssFrequency.Weekly, ("days", "monday,FRIDAY"), ("hour", "2"));
        var made = site.Get(schedule);
        Assert.Equal(TestSite.Map(("days", "Monday,Friday"), ("hour", "2"), ("min", "0")), made.Schedule);
        Assert.Equal((true, 7L, DateTimeOffset.UnixEpoch), (made.Enabled, made.RetainedSnapshots, made.LastRunTime));
        foreach (var (frequency, key, value) in new[]
        {
            (VmssFrequency.Hourly, "hour", "2"), (VmssFrequency.Hourly, "min", "10"), (VmssFrequency.Daily, "hour", "24"),
            (VmssFrequency.Daily, "hour", "-1"), (VmssFrequency.Weekly, "days", "Someday"), (VmssFrequency.Weekly, "days", ""),
            (VmssFrequency.Weekly, "nights", "1"),
        })
        {
            var failure = await Assert.ThrowsAsync<XenApiException>(() => CreateAsync(site, frequency, (key, value)));
            Assert.Equal(("INVALID_VALUE", $"schedule:{key}", value), (failure.Code, failure.Parameters[0], failure.Parameters[1]));
        }

        foreach (var count in new[] { 0L, 11L })
        {
            Assert.Equal(
                ["INVALID_VALUE", "retained_snapshots", $"{count}"],
                await site.Client.FailAsync("VMSS.set_retained_snapshots", schedule, count));
        }

        Assert.Single(site.All<VmssRecord>());
    }

    [Fact]
    public async Task Its_settings_change_together_with_what_is_due_by_them()
    {
        await using var site = await TestSite.OpenAsync();
        var schedule = await CreateAsync(site, VmssFrequency.Weekly, ("days", "Monday"));
        await site.Client.CallAsync("VMSS.set_frequency", schedule, VmssFrequency.Hourly);
        Assert.Equal(TestSite.Map(("min", "0")), site.Get(schedule).Schedule);
        await site.Client.CallAsync("VMSS.set_schedule", schedule, TestSite.Map(("hour", "3")));
        Assert.Equal(TestSite.Map(("hour", "3"), ("min", "0")), site.Get(schedule).Schedule);
        Assert.Equal("MAP_DUPLICATE_KEY", (await site.Client.FailAsync("VMSS.add_to_schedule", schedule, "min", "15"))[0]);
        await site.Client.CallAsync("VMSS.remove_from_schedule", schedule, "min");
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("VMSS.add_to_schedule", schedule, "min", "16"))[0]);
        await site.Client.CallAsync("VMSS.add_to_schedule", schedule, "min", "15");
        await site.Client.CallAsync("VMSS.set_type", schedule, VmssType.SnapshotWithQuiesce);
        Assert.Equal(("15", VmssType.SnapshotWithQuiesce), (site.Get(schedule).Schedule["min"], site.Get(schedule).Type));
        var vm = await site.CreateVmAsync("one");
        var snapshot = await site.Client.CallAsync<Ref<VmRecord>>("VM.snapshot", vm, "then", ImmutableList<Ref<VdiRecord>>.Empty);
        Assert.Equal(
            ["VM_IS_TEMPLATE", snapshot.Opaque, "set_snapshot_schedule"],
            await site.Client.FailAsync("VM.set_snapshot_schedule", snapshot, schedule));
        await site.Client.CallAsync("VM.set_snapshot_schedule", vm, schedule);
        Assert.Equal([vm], site.Get(schedule).Vms);
        Assert.Equal(["VMSS_HAS_VM"], await site.Client.FailAsync("VMSS.destroy", schedule));
        Assert.Equal(
            "INVALID_VALUE", (await site.Client.FailAsync("VM.set_snapshot_schedule", vm, new Ref<VmssRecord>("OpaqueRef:none")))[0]);
        await site.Client.CallAsync("VM.set_snapshot_schedule", vm, default(Ref<VmssRecord>));
        await site.Client.CallAsync("VMSS.destroy", schedule);
        Assert.DoesNotContain(
            site.Get(site.Daemon.Services.Pool).OtherConfig.Keys, k => k.StartsWith("snapshot-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_moment_has_one_snapshot_and_what_is_beyond_the_number_goes_with_its_disks()
    {
        var clock = Clock();
        await using var site = await TestSite.OpenAsync(time: clock);
        var (vm, disk, schedule) = await SceneAsync(site);
        var own = await site.Client.CallAsync<Ref<VmRecord>>("VM.snapshot", vm, "own", ImmutableList<Ref<VdiRecord>>.Empty);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Equal([own], site.Get(vm).Snapshots);
        await site.Client.CallAsync("VMSS.set_retained_snapshots", schedule, 2L);
        for (var hour = 1; hour <= 4; hour++)
        {
            clock.Advance(Hour);
            await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
            await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
            Assert.Equal(Math.Min(hour, 2), Taken(site, vm).Count);
        }

        var kept = Taken(site, vm);
        Assert.All(kept, s => Assert.Equal((true, false), (s.IsASnapshot, s.IsSnapshotFromVmpp)));
        Assert.All(kept, s => Assert.StartsWith("one_nightly_", s.NameLabel, StringComparison.Ordinal));
        Assert.True(clock.GetUtcNow() - kept.Max(s => s.SnapshotTime) < Hour);
        Assert.Contains(own, site.Get(vm).Snapshots);
        Assert.Equal(4, site.All<VdiRecord>().Count(v => v.Type == VdiType.User)); // The VM's disk, and of three snapshots.
        Assert.Equal(4, Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), "*.qcow2", SearchOption.AllDirectories).Count());
        Assert.Equal(4, site.All<MessageRecord>().Count(m => m.Name == "VMSS_SNAPSHOT_SUCCEEDED" && m.Cls == Cls.Vmss));
        Assert.True(site.Get(schedule).LastRunTime > DateTimeOffset.UnixEpoch);

        // One that somebody wants kept is kept, and a copy of one is a VM like any other.
        var first = site.Get(vm).Snapshots.Single(s => site.Get(s).Uuid == kept.MinBy(k => k.SnapshotTime)!.Uuid);
        await site.Client.CallAsync("VM.add_to_blocked_operations", first, VmOperations.Destroy, "for the auditors");
        Assert.False(site.Get(await site.Client.CallAsync<Ref<VmRecord>>("VM.clone", first, "copy")).IsVmssSnapshot);
        clock.Advance(2 * Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Equal(3, Taken(site, vm).Count);
        Assert.Single(site.All<MessageRecord>(), m => m.Name == "VMSS_SNAPSHOT_MISSED_EVENT");
        Assert.NotNull(site.Daemon.Services.State.Find(disk));
    }

    [Fact]
    public async Task One_VM_that_fails_holds_up_no_other_and_is_told_of_as_XenCenter_reads_it()
    {
        var clock = Clock();
        await using var site = await TestSite.OpenAsync(time: clock);
        var (vm, _, schedule) = await SceneAsync(site);
        var broken = await site.CreateVmAsync("a 'broken'\none");
        await site.Client.CallAsync("VM.set_snapshot_schedule", broken, schedule);
        await site.Client.CallAsync("VM.add_to_blocked_operations", broken, VmOperations.Snapshot, "not now");
        var handed = await site.CreateVmAsync("elsewhere");
        await site.Client.CallAsync("VM.set_snapshot_schedule", handed, schedule);
        await site.Client.CallAsync("VM.add_to_blocked_operations", handed, VmOperations.Start, HandOverMark.Reason("other", "run"));
        clock.Advance(Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Single(Taken(site, vm));
        Assert.Empty(site.Get(handed).Snapshots);
        var message = Assert.Single(site.All<MessageRecord>(), m => m.Name == "VMSS_SNAPSHOT_FAILED");
        Assert.Equal((Cls.Vmss, site.Get(schedule).Uuid, 3L), (message.Cls, message.ObjUuid, message.Priority));
        Assert.Single(
            message.Body.Split('\n'),
            l => System.Text.RegularExpressions.Regex.IsMatch(l, @"^VM:(.*)UUID:(.*)Error:\[('.*',?)*\],?$")
                && l.Contains(site.Get(broken).Uuid, StringComparison.Ordinal)
                && l.Contains("'OPERATION_BLOCKED'", StringComparison.Ordinal));
        Assert.DoesNotContain(site.All<MessageRecord>(), m => m.Name == "VMSS_SNAPSHOT_SUCCEEDED");
        Assert.Equal("OPERATION_BLOCKED", (await site.Client.FailAsync("VMSS.snapshot_now", schedule))[0]);
        Assert.Equal(2, Taken(site, vm).Count);
    }

    [Fact]
    public async Task A_daemon_that_died_in_the_middle_takes_what_was_not_taken_yet_and_nothing_twice()
    {
        var clock = Clock();
        await using var site = await TestSite.OpenAsync(time: clock);
        var (vm, _, schedule) = await SceneAsync(site);
        var later = await site.CreateVmAsync("two");
        await site.Client.CallAsync("VM.set_snapshot_schedule", later, schedule);
        clock.Advance(Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        var taken = Assert.Single(Taken(site, vm));

        // As it is after the first of them was taken.
        var (key, due) = Known(site, schedule);
        await site.Client.CallAsync("VM.destroy", site.Get(later).Snapshots.Single());
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(site.Daemon.Services.Pool, p => p with
            {
                OtherConfig = p.OtherConfig.SetItem(key, (due with { Intended = due.Considered }).ToString()),
            }),
            TestSite.Cancel);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        await Patience.UntilAsync(() => Known(site, schedule).Due.Intended is null, "what was intended is seen to");
        Assert.Equal(taken.Uuid, Assert.Single(Taken(site, vm)).Uuid);
        Assert.Single(Taken(site, later));
        Assert.Equal(due.Considered, Known(site, schedule).Due.Considered);

        // The clock is put back, and comes to the same moment again.
        clock.Advance(-Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        clock.Advance(Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Equal(taken.Uuid, Assert.Single(Taken(site, vm)).Uuid);
    }

    [Fact]
    public async Task What_was_due_while_no_daemon_ran_is_taken_once()
    {
        var clock = Clock();
        await using var site = await TestSite.OpenAsync(time: clock);
        var (vm, _, schedule) = await SceneAsync(site);
        await site.Daemon.DisposeAsync();
        clock.Advance(100 * Hour);
        await site.StartAsync();
        await Patience.UntilAsync(() => Taken(site, vm).Count == 1, "the snapshot that was missed");
        await Patience.UntilAsync(() => Known(site, schedule).Due.Intended is null, "what was intended is seen to");
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Single(Taken(site, vm));
        Assert.Contains(" 99 times", Assert.Single(site.All<MessageRecord>(), m => m.Name == "VMSS_SNAPSHOT_MISSED_EVENT").Body,
            StringComparison.Ordinal);

        // One that is off takes nothing, unless it is told to.
        await site.Client.CallAsync("VMSS.set_enabled", schedule, false);
        clock.Advance(Hour);
        await site.Daemon.Snapshots.SettleAsync(TestSite.Cancel);
        Assert.Single(Taken(site, vm));
        Assert.Equal("Snapshots taken: 1.", await site.Client.CallAsync<string>("VMSS.snapshot_now", schedule));
        Assert.Equal(2, Taken(site, vm).Count);
    }

    // Not near an hour, so that it does not pass by itself.
    private static ShiftedClock Clock()
    {
        var clock = new ShiftedClock();
        clock.Advance(TimeSpan.FromMinutes(65 - clock.GetUtcNow().Minute));
        return clock;
    }

    private static (string Key, SnapshotDue Due) Known(TestSite site, Ref<VmssRecord> schedule) => (
        SnapshotDue.KeyOf(site.Get(schedule)),
        SnapshotDue.Of(site.Get(site.Daemon.Services.Pool).OtherConfig, site.Get(schedule))!);

    private static List<VmRecord> Taken(TestSite site, Ref<VmRecord> vm) =>
        [.. site.Get(vm).Snapshots.Select(site.Get).Where(s => s.IsVmssSnapshot)];

    private static async Task<(Ref<VmRecord> Vm, Ref<VdiRecord> Disk, Ref<VmssRecord> Schedule)> SceneAsync(TestSite site)
    {
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var disk = await site.CreateVdiAsync(sr);
        await site.CreateVbdAsync(vm, disk);
        var schedule = await CreateAsync(site, VmssFrequency.Hourly);
        await site.Client.CallAsync("VM.set_snapshot_schedule", vm, schedule);
        return (vm, disk, schedule);
    }

    private static Task<Ref<VmssRecord>> CreateAsync(
        TestSite site, VmssFrequency frequency, params (string Key, string Value)[] schedule) => site.Client.CallAsync<Ref<VmssRecord>>(
        "VMSS.create",
        new VmssRecord
        {
            NameLabel = "nightly",
            Enabled = true,
            Type = VmssType.Snapshot,
            RetainedSnapshots = 7,
            Frequency = frequency,
            Schedule = TestSite.Map(schedule),
        });
}
