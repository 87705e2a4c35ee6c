using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Snapshots of a guest that counts, taken by a schedule.</summary>
public sealed class SnapshotScheduleTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Needs", "soak")]
    public async Task What_is_due_is_taken_once_though_the_daemon_is_killed_and_the_guest_counts_on()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        var schedule = await _shell.RunAsync(
            site, "vmss-create name-label=often type=snapshot frequency=hourly schedule:min=45 retained-snapshots=2");
        await _shell.RunAsync(site, $"vm-param-set uuid={guest.Uuid} snapshot-schedule={schedule}");
        Assert.Contains("min: 45", await _shell.RunAsync(site, $"vmss-list uuid={schedule}"), StringComparison.Ordinal);
        Assert.Contains("VMSS_HAS_VM", await _shell.FailAsync(site, $"vmss-destroy uuid={schedule}"), StringComparison.Ordinal);
        await _shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.CountsPastAsync(site, guest, 3);

        var counts = new Dictionary<Ref<VmRecord>, (long Earliest, long Latest)>();
        for (var round = 1; round <= 3; round++)
        {
            var before = await TakenAsync(site, vm);
            var earliest = guest.Read(site).LastCount!.Value;
            await PutBackAsync(site, schedule, round);
            await Patience.UntilAsync(
                async () => (await KnownAsync(site, schedule))[1].Length > 0 || (await TakenAsync(site, vm)).Except(before).Any(),
                "it is due");
            site.Daemon.Kill();
            await site.Daemon.WaitForExitAsync(Stop);
            site = await bench.StartAsync("site");
            await Patience.UntilAsync(async () => (await KnownAsync(site, schedule))[1].Length == 0, "what was due is seen to");
            counts[Assert.Single((await TakenAsync(site, vm)).Except(before))] = (earliest, guest.Read(site).LastCount!.Value);
            Assert.Equal(Math.Min(round, 2), (await TakenAsync(site, vm)).Count);
        }

        await DemoGuests.CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 3);
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));
        Assert.Equal(3 * 2, DemoGuests.DisksIn(site.Storage).Count);

        // And back to each of them, with the guest's own clock of counts as the judge: what was said before is there, and nothing since.
        var listed = (await _shell.RunAsync(site, "snapshot-list is-vmss-snapshot=true --minimal")).Split(',');
        Assert.Equal(2, listed.Length);
        foreach (var (number, uuid) in listed.Index())
        {
            await _shell.RunAsync(site, $"snapshot-revert uuid={uuid}");
            await _shell.RunAsync(site, "vm-start vm=alone");
            await Patience.UntilAsync(() => DemoGuests.BootsOf(site, guest) == 2 + number, "it has booted again");
            var (earliest, latest) = counts[await site.Api.Vm.GetByUuidAsync(uuid, Stop)];
            await DemoGuests.CountsPastAsync(site, guest, earliest);
            Assert.InRange(guest.Read(site).ResumedFrom, earliest, latest + 1);
        }

        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        await _shell.RunAsync(site, $"vm-param-clear uuid={guest.Uuid} param-name=snapshot-schedule");
        await _shell.RunAsync(site, $"vmss-destroy uuid={schedule}");
    }

    // Due at another minute in each round, and as if it had last been looked at hours ago.
    private async Task PutBackAsync(DemoSite site, string schedule, int round)
    {
        await _shell.RunAsync(site, $"vmss-param-set uuid={schedule} schedule:min={15 * round % 60}");
        var pool = (await site.Api.GetAllRecordsAsync<PoolRecord>(Stop)).Keys.Single();
        var known = await KnownAsync(site, schedule);
        var ago = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-3).ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        await site.Api.CallAsync("pool.remove_from_other_config", [pool, KeyOf(schedule)], Stop);
        await site.Api.CallAsync("pool.add_to_other_config", [pool, KeyOf(schedule), $"{ago}|{known[1]}|{known[2]}"], Stop);
        await _shell.RunAsync(site, $"vmss-param-set uuid={schedule} retained-snapshots=2");
    }

    private static async Task<string[]> KnownAsync(DemoSite site, string schedule) =>
        (await site.Api.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().OtherConfig[KeyOf(schedule)].Split('|');

    private static async Task<List<Ref<VmRecord>>> TakenAsync(DemoSite site, Ref<VmRecord> vm) =>
        [.. (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Where(s => s.Value.IsVmssSnapshot && s.Value.SnapshotOf == vm)
            .Select(s => s.Key)];

    private static string KeyOf(string schedule) => $"snapshot-schedule-{schedule}";
}
