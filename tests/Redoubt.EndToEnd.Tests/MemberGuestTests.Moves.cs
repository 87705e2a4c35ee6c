using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <content>
/// Guests that move between the hosts while they run. One counts at each tick of its clock, on its serial port and on its disk, so that
/// what it has written on all hosts together says whether it ran on, once, and on one host at a time.
/// </content>
public sealed partial class MemberGuestTests
{
    private static readonly string[] Hosts = ["a", "b", "c"];

    [Fact]
    public async Task A_guest_moves_to_and_fro_while_it_runs_and_writes_and_loses_no_count()
    {
        await using var api = await StartThreeAsync();
        var (vm, disk) = await CreateWriterAsync(api);
        var hosts = new Dictionary<string, Ref<HostRecord>>();
        foreach (var name in Hosts)
        {
            hosts[name] = await PoolOfHosts.HostAsync(api, name);
        }

        await api.CallAsync("VTPM.create", [vm, false], Stop);
        await api.CallAsync("VM.start_on", [vm, hosts["b"], false, false], Stop);
        await CountingGuest.CountsPastAsync(api, vm, 20);

        // A disk that it was given while it runs moves with it, and so does what its TPM keeps.
        await HotPlugAsync(api, vm, (await api.GetAllRecordsAsync<SrRecord>(Stop)).Single(s => s.Value.NameLabel == "shared").Key);
        var dest = await api.CallAsync<ImmutableSortedDictionary<string, string>>(
            "host.migrate_receive", [hosts["c"], default(Ref<NetworkRecord>), None], Stop);
        await api.CallAsync("VM.assert_can_migrate", [vm, dest, true, None, None, None, None], Stop);
        var times = new List<string>();
        foreach (var to in Sampling.IsWhole ? Enumerable.Repeat(Hosts, 20).SelectMany(h => h) : ["c", "a", "b"])
        {
            using var still = new StandStill(vm.Opaque, Hosts.Select(h => LogPath(h)).ToList());
            var began = Stopwatch.GetTimestamp();
            await api.CallAsync("VM.pool_migrate", [vm, hosts[to], None], Stop);
            var took = Stopwatch.GetElapsedTime(began);
            Assert.Equal(hosts[to], await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await CountingGuest.CountsOnAsync(api, vm, 20);
            Assert.Single(GuestProcesses.Below(_hosts.Root));
            Assert.Single(GuestProcesses.Below(_hosts.PathOf(to)));
            Assert.Equal([to], Hosts.Where(h => Directory.Exists(TpmPath(h))));
            times.Add($"to {to} in {took.TotalSeconds:0.00} s, stood still for {still.End().TotalMilliseconds:0} ms");
        }

        // By way of storage, for comparison.
        using (var still = new StandStill(vm.Opaque, Hosts.Select(LogPath).ToList()))
        {
            await api.CallAsync("VM.pool_migrate", [vm, hosts["a"], None.Add("live", "false")], Stop);
            await CountingGuest.CountsOnAsync(api, vm, 20);
            times.Add($"with live=false it stood still for {still.End().TotalMilliseconds:0} ms");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', times));
        var record = await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop);
        Assert.True(record is { PowerState: VmPowerState.Running, ScheduledToBeResidentOn.IsNull: true, CurrentOperations.IsEmpty: true });
        Assert.DoesNotContain("move-remnant-at", record.OtherConfig.Keys);

        // A host that is emptied has its guests moved likewise.
        await api.CallAsync("host.evacuate", [record.ResidentOn, default(Ref<NetworkRecord>), 0L], Stop);
        await CountingGuest.CountsOnAsync(api, vm);
        await RequireOneCountAsync(api, vm, disk);

        // What can't be: a disk that only one host has, another pool, a mistake.
        var local = await api.CallAsync<Ref<SrRecord>>(
            "SR.create",
            [
                hosts["b"], None.Add("location", Directory.CreateDirectory(Path.Combine(_hosts.Root, "local")).FullName), 0L, "local", "",
                "file", "", false, None,
            ],
            Stop);
        var own = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "own", Sr = local, VirtualSize = CountingGuest.DiskBytes }], Stop);
        var bound = await CountingGuest.CreateVmAsync(api, own, "bound");
        await api.CallAsync("VM.start_on", [bound, hosts["b"], false, false], Stop);
        var refused = await RefusedAsync(api, "VM.pool_migrate", bound, hosts["c"], None);
        Assert.Equal(("VM_REQUIRES_SR", local.Opaque), (refused.Code, refused.Parameters[1]));
        Assert.Equal("VM_REQUIRES_SR", (await RefusedAsync(api, "VM.assert_can_migrate", bound, dest, true, None, None, None, None)).Code);
        Assert.Equal(
            "VALUE_NOT_SUPPORTED",
            (await RefusedAsync(api, "VM.assert_can_migrate", bound, None.Add("host", "OpaqueRef:elsewhere"), true, None, None, None, None))
                .Code);
        Assert.Equal("INVALID_VALUE", (await RefusedAsync(api, "VM.pool_migrate", bound, hosts["c"], None.Add("live", "maybe"))).Code);
        Assert.Equal("CANNOT_EVACUATE_HOST", (await RefusedAsync(api, "host.assert_can_evacuate", hosts["b"])).Code);
    }

    [Fact]
    public async Task A_move_that_is_broken_off_leaves_one_guest_that_counts_on()
    {
        await using var api = await StartThreeAsync();
        var (vm, disk) = await CreateWriterAsync(api);
        var (b, c) = (await PoolOfHosts.HostAsync(api, "b"), await PoolOfHosts.HostAsync(api, "c"));
        await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
        await CountingGuest.CountsPastAsync(api, vm, 5);

        // The target's QEMU ends in the middle.
        var moving = MoveAsync(api, vm, c);
        using (var half = await HalfThereAsync("c", moving))
        {
            Assert.Equal(
                VmOperations.PoolMigrate, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).CurrentOperations.Values.Single());
            half.Kill();
        }

        Assert.Equal("VM_MIGRATE_FAILED", (await moving)?.Code);
        await RequireAtAsync(api, vm, b, "b");

        // It is cancelled while the target stands still.
        var task = new Ref<TaskRecord>(((WireString)await api.CallRawAsync("Async.VM.pool_migrate", [vm, c, None], Stop)).Value);
        moving = EndOfAsync(api, task);
        using (var half = await HalfThereAsync("c", moving))
        {
            await api.CallAsync("task.cancel", [task], Stop);
            Assert.Equal("TASK_CANCELLED", (await moving)?.Code);
        }

        Assert.Equal(TaskStatusType.Cancelled, await api.CallAsync<TaskStatusType>("task.get_status", [task], Stop));

        await RequireAtAsync(api, vm, b, "b");

        // The target's daemon ends in the middle: what it has of the guest goes when it is back, which the guest does not wait for.
        moving = MoveAsync(api, vm, c);
        using (var half = await HalfThereAsync("c", moving))
        {
            await _hosts.KillAsync("c");
            await Bench.SignalAsync(half, "CONT");
        }

        Assert.Equal("HOST_OFFLINE", (await moving)?.Code);
        await CountingGuest.CountsOnAsync(api, vm);
        await _hosts.StartAgainAsync("c");
        await PoolOfHosts.UntilLiveAsync(api, "c", true);
        await Patience.UntilAsync(
            async () => !(await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).OtherConfig.ContainsKey("move-remnant-at"),
            "nothing is left at the target");
        await RequireAtAsync(api, vm, b, "b");

        // The source's daemon ends in the middle: what its guest does is known when it is back.
        moving = MoveAsync(api, vm, c);
        using (var half = await HalfThereAsync("c", moving))
        {
            await _hosts.KillAsync("b");
            await Bench.SignalAsync(half, "CONT");
        }

        Assert.Equal("HOST_OFFLINE", (await moving)?.Code);
        await _hosts.StartAgainAsync("b");
        await PoolOfHosts.UntilLiveAsync(api, "b", true);
        await RequireAtAsync(api, vm, b, "b");
        await RequireOneCountAsync(api, vm, disk);
    }

    [Fact]
    [Trait("Needs", "soak")]
    public async Task A_coordinator_that_is_lost_during_a_move_leaves_one_guest_and_the_next_one_knows_where()
    {
        Ref<VmRecord> vm;
        Ref<VdiRecord> disk;
        Ref<HostRecord> b;
        await using (var api = await StartThreeAsync())
        {
            (vm, disk) = await CreateWriterAsync(api);
            b = await PoolOfHosts.HostAsync(api, "b");
            var c = await PoolOfHosts.HostAsync(api, "c");
            await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
            await CountingGuest.CountsPastAsync(api, vm, 5);
            var moving = MoveAsync(api, vm, c);
            using (var half = await HalfThereAsync("c", moving))
            {
                await _hosts.KillAsync("a");
                await Bench.SignalAsync(half, "CONT");
            }

            await moving;
        }

        var next = await _hosts.UntilCoordinatorAsync("b", "c");
        await using (var api = await _hosts.LogInAsync(next))
        {
            await Patience.UntilAsync(
                async () => await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop) is { ScheduledToBeResidentOn.IsNull: true } found
                    && !found.OtherConfig.ContainsKey("move-remnant-at"),
                "the next one has found out where the guest is");
            await CountingGuest.UntilReachedAsync(api, vm);
            await RequireAtAsync(api, vm, b, "b");

            // It can be moved now as if nothing had been.
            var c = await PoolOfHosts.HostAsync(api, "c");
            await api.CallAsync("VM.pool_migrate", [vm, c, None], Stop);
            await RequireAtAsync(api, vm, c, "c");
            await RequireOneCountAsync(api, vm, disk);
        }
    }

    [Fact]
    [Trait("Needs", "soak")]
    public async Task Whatever_is_killed_at_whatever_moment_of_a_move_there_is_one_guest_and_it_counts_on()
    {
        var random = new Random(Sampling.Seed);
        Ref<VmRecord> vm;
        Ref<VdiRecord> disk;
        await using (var first = await StartThreeAsync())
        {
            (vm, disk) = await CreateWriterAsync(first);
            await first.CallAsync("VM.start_on", [vm, await PoolOfHosts.HostAsync(first, "b"), false, false], Stop);
            await CountingGuest.CountsPastAsync(first, vm, 5);
        }

        for (var round = 0; round < (Sampling.IsWhole ? 60 : 2); round++)
        {
            var coordinator = await _hosts.UntilCoordinatorAsync(Hosts);
            string at, to, victim;
            await using (var api = await _hosts.LogInAsync(coordinator))
            {
                var resident = await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop);
                at = await api.CallAsync<string>("host.get_name_label", [resident], Stop);
                to = Hosts.Where(h => h != at).ElementAt(random.Next(2));
                victim = ((string[])[at, to, coordinator, "guest"])[random.Next(4)];
                var moment = TimeSpan.FromMilliseconds(random.Next(2500));
                TestContext.Current.TestOutputHelper?.WriteLine(
                    $"round {round} (seed {Sampling.Seed}): {coordinator} moves it from {at} to {to}; {victim} is killed after {moment}");
                var moving = MoveAsync(api, vm, await PoolOfHosts.HostAsync(api, to));
                await Task.Delay(moment, Stop);
                if (victim == "guest")
                {
                    // What is at the target dies; once it runs there, it is the guest itself.
                    await KillUnlessMovedAsync(api, vm, to);
                }
                else
                {
                    await _hosts.KillAsync(victim);
                }

                await moving;
            }

            if (victim != "guest")
            {
                await _hosts.StartAgainAsync(victim);
            }

            await RequireSettledAsync(vm, $"round {round} (seed {Sampling.Seed})");
        }

        await using var last = await _hosts.LogInAsync(await _hosts.UntilCoordinatorAsync(Hosts));
        await RequireOneCountAsync(last, vm, disk);
    }

    private async Task KillUnlessMovedAsync(XenApiClient api, Ref<VmRecord> vm, string to)
    {
        var half = GuestProcesses.Below(_hosts.PathOf(to)).SingleOrDefault();
        if (half is null)
        {
            return;
        }

        // Still, so that it is not let run between the question and the deed. That it may run, where that was just being written down,
        // stands there in less than this.
        await Bench.SignalAsync(half, "STOP");
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        var record = await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop);
        var target = await PoolOfHosts.HostAsync(api, to);
        await Bench.SignalAsync(half, record.ResidentOn == target ? "CONT" : "KILL");
    }

    /// <summary>Waits until one host says that it has the VM, all that was begun is over, and one guest counts on.</summary>
    private async Task RequireSettledAsync(Ref<VmRecord> vm, string when)
    {
        var before = -1;
        await Patience.UntilAsync(
            async () =>
            {
                if (GuestProcesses.Below(_hosts.Root).Count != 1)
                {
                    return false;
                }

                try
                {
                    await using var api = await _hosts.LogInAsync(await _hosts.UntilCoordinatorAsync(Hosts));
                    var record = await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop);
                    if (record is not
                        {
                            PowerState: VmPowerState.Running, CurrentOperations.IsEmpty: true, ScheduledToBeResidentOn.IsNull: true,
                        }
                        || record.OtherConfig.ContainsKey("move-remnant-at"))
                    {
                        return false;
                    }

                    var name = await api.CallAsync<string>("host.get_name_label", [record.ResidentOn], Stop);
                    var now = await CountingGuest.LastAsync(api, vm) ?? -1;
                    var went = GuestProcesses.Below(_hosts.PathOf(name)).Count == 1 && before >= 0 && now > before + 5;
                    before = before < 0 ? now : before;
                    return went;
                }
                catch (Exception e) when (e is XenApiException or XenApiTransportException)
                {
                    return false; // Another host is just taking over.
                }
            },
            $"there is one guest that counts on after {when}");
    }

    /// <summary>Three hosts with guests of their own; the first coordinates.</summary>
    private async Task<XenApiClient> StartThreeAsync()
    {
        await Task.WhenAll(Hosts.Select(h => _hosts.StartAsync(h)));
        var api = await _hosts.LogInAsync("a");
        await _hosts.JoinAsync("b", "a");
        await _hosts.JoinAsync("c", "a");
        return api;
    }

    private async Task<(Ref<VmRecord> Vm, Ref<VdiRecord> Disk)> CreateWriterAsync(XenApiClient api)
    {
        var sr = await _hosts.CreateSrAsync(api, "shared");
        await PoolOfHosts.UntilAttachedAsync(api, 3);
        var (vm, disk) = await CountingGuest.CreateAsync(api, sr, writesToDisk: true);
        _writer = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
        return (vm, disk);
    }

    private string _writer = "";

    private string TpmPath(string host) => Path.Combine(_hosts.PathOf(host), "hypervisor", "lib", "swtpm", _writer);

    private string LogPath(string host) => Path.Combine(_hosts.PathOf(host), "consoles", $"{_writer}.log");

    /// <summary>Moves the VM; answers why it was not.</summary>
    private static async Task<XenApiException?> MoveAsync(XenApiClient api, Ref<VmRecord> vm, Ref<HostRecord> to)
    {
        try
        {
            await api.CallAsync("VM.pool_migrate", [vm, to, None], Stop);
            return null;
        }
        catch (XenApiException refused)
        {
            return refused;
        }
        catch (XenApiTransportException)
        {
            return null; // Whoever was asked is gone.
        }
    }

    /// <summary>Waits for a move that was begun as a task; answers why it failed.</summary>
    private static async Task<XenApiException?> EndOfAsync(XenApiClient api, Ref<TaskRecord> task)
    {
        var record = new TaskRecord();
        await Patience.UntilAsync(
            async () => (record = await api.CallAsync<TaskRecord>("task.get_record", [task], Stop)).Status
                is not (TaskStatusType.Pending or TaskStatusType.Cancelling),
            "the task is over");
        return record switch
        {
            { Status: TaskStatusType.Success } => null,
            { Status: TaskStatusType.Cancelled } => new("TASK_CANCELLED", task.Opaque),
            _ => new(record.ErrorInfo[0], [.. record.ErrorInfo.Skip(1)]),
        };
    }

    /// <summary>Waits until a host has a guest's QEMU, and stops that, so that what is moved to it is half there.</summary>
    /// <param name="host">Where it is moved to.</param>
    /// <param name="moving">The move, which must not be over before.</param>
    private async Task<Process> HalfThereAsync(string host, Task<XenApiException?> moving)
    {
        Process? found;
        var began = Stopwatch.GetTimestamp();
        while ((found = GuestProcesses.Below(_hosts.PathOf(host)).SingleOrDefault()) is null)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(3), $"gave up waiting until {host} has a guest");
            if (moving.IsCompleted)
            {
                Assert.Fail($"The move was over before {host} was seen to have a guest: {(await moving)?.Message ?? "it was not refused"}");
            }

            // It looks more often than Patience does: a move may be over soon after the host has the guest's QEMU.
            await Task.Delay(TimeSpan.FromMilliseconds(2), Stop);
        }

        await Bench.SignalAsync(found, "STOP");
        return found;
    }

    private async Task RequireAtAsync(XenApiClient api, Ref<VmRecord> vm, Ref<HostRecord> host, string name)
    {
        await Patience.UntilAsync(
            async () => await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop) is
            {
                PowerState: VmPowerState.Running, CurrentOperations.IsEmpty: true, ScheduledToBeResidentOn.IsNull: true,
            }
            found && found.ResidentOn == host,
            "the VM is where it is said to be");
        await CountingGuest.UntilReachedAsync(api, vm);
        await CountingGuest.CountsOnAsync(api, vm);
        Assert.Single(GuestProcesses.Below(_hosts.Root));
        Assert.Single(GuestProcesses.Below(_hosts.PathOf(name)));
    }

    /// <summary>The guest is switched off, and what it has written is one count from the beginning to the end.</summary>
    private async Task RequireOneCountAsync(XenApiClient api, Ref<VmRecord> vm, Ref<VdiRecord> disk)
    {
        await api.CallAsync("VM.hard_shutdown", [vm], Stop);
        var counts = Hosts.Select(LogPath).Where(File.Exists).Select(File.ReadAllText)
            .SelectMany(CountingGuest.CountsIn).Order().ToList();
        Assert.Equal(Enumerable.Range(1, counts.Count), counts);
        using var content = new MemoryStream();
        await api.ExportRawVdiAsync(disk, "raw", content, null, Stop);
        Assert.InRange(BitConverter.ToUInt16(content.ToArray(), 512), counts.Count - 1, counts.Count);
    }

    /// <summary>Measures for how long nothing was written to any of some logs: as long as the guest that writes them stood still.</summary>
    private sealed class StandStill : IDisposable
    {
        private readonly CancellationTokenSource _over = new();
        private readonly Thread _looking;
        private TimeSpan _longest;

        public StandStill(string name, List<string> logs)
        {
            _looking = new Thread(() =>
            {
                var (last, since) = (Length(logs), Stopwatch.GetTimestamp());
                while (!_over.Token.WaitHandle.WaitOne(2))
                {
                    var now = Length(logs);
                    if (now != last)
                    {
                        var still = Stopwatch.GetElapsedTime(since);
                        _longest = still > _longest ? still : _longest;
                        (last, since) = (now, Stopwatch.GetTimestamp());
                    }
                }
            })
            { Name = name };
            _looking.Start();
        }

        public TimeSpan End()
        {
            _over.Cancel();
            _looking.Join();
            return _longest;
        }

        public void Dispose()
        {
            End();
            _over.Dispose();
        }

        private static long Length(List<string> logs) => logs.Where(File.Exists).Sum(l => new FileInfo(l).Length);
    }
}
