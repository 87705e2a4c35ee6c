using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// VMs on every host of a pool: three daemons, two of them with guests of their own QEMU. A guest counts on its serial port, from 1 at each
/// boot, so that its log says what it has gone through.
/// </summary>
[Trait("Needs", "guest")]
public sealed partial class MemberGuestTests : IAsyncLifetime
{
    private const string Password = "a password for root";
    private const long DiskBytes = 1 << 20;

    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary<string, string>.Empty;

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;
    private readonly Dictionary<string, ServeRun> _runs = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _runs.Values)
        {
            await run.DisposeAsync();
        }

        foreach (var guest in Guests(_root))
        {
            guest.Kill();
            await guest.WaitForExitAsync(CancellationToken.None);
            guest.Dispose();
        }

        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_VM_runs_on_a_member_and_outlives_its_daemon_and_the_coordinator()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), $"root\n{Password}\n", Stop);
        await Task.WhenAll(StartAsync("a", null), StartAsync("b", null), StartAsync("c", "test:///default"));
        Ref<VmRecord> vm;
        Ref<HostRecord> a, b;
        string uuid;
        await using (var api = await PoolDirectory.LogInAsync(_runs["a"], Password))
        {
            // One SR is there when the others come, and one is made afterwards: each host gets both.
            var before = await CreateSrAsync(api, "before");
            await JoinAsync("b");
            await JoinAsync("c");
            (a, b) = (await HostAsync(api, "a"), await HostAsync(api, "b"));
            var sr = await CreateSrAsync(api, "after");
            await Patience.UntilAsync(
                async () => (await api.GetAllRecordsAsync<PbdRecord>(Stop)).Values.Count(p => p.CurrentlyAttached) == 6,
                "both SRs are attached to all three hosts");
            vm = await CreateVmAsync(api, sr);
            uuid = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
            Assert.Contains(b, await api.CallAsync<ImmutableList<Ref<HostRecord>>>("VM.get_possible_hosts", [vm], Stop));

            // What its hypervisor has are no guests.
            await api.CallAsync("host.disable", [await HostAsync(api, "c")], Stop);
            await api.CallAsync("host.disable", [b], Stop);
            Assert.Equal("HOST_DISABLED", (await RefusedAsync(api, "VM.start_on", vm, b, false, false)).Code);
            await api.CallAsync("host.enable", [b], Stop);
            await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            Assert.Empty(Guests(PathOf("a")));
            Assert.Single(Guests(PathOf("b")));
            await CountsPastAsync(api, vm, 10);

            await HotPlugAsync(api, vm, before);
            await SaysAsync(api, sr, b);
            await api.CallAsync("VM.pause", [vm], Stop);
            await api.CallAsync("VM.unpause", [vm], Stop);
            await CountsPastAsync(api, vm, await LastAsync(api, vm) + 5);
            Assert.StartsWith("RFB ", await GreetingAsync(api, vm), StringComparison.Ordinal);
            var free = (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.Count(m => m.MemoryFree > 0);
            Assert.Equal(3, free);

            // With its memory from one host to the other and back: it counts on, and there is one of it.
            await api.CallAsync("VM.suspend", [vm], Stop);
            Assert.Empty(Guests(PathOf("b")));
            await api.CallAsync("VM.resume_on", [vm, a, false, false], Stop);
            Assert.Single(Guests(_root));
            Assert.Equal(a, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await CountsPastAsync(api, vm, 20);
            await api.CallAsync("VM.pool_migrate", [vm, b, None.Add("live", "false")], Stop);
            Assert.Empty(Guests(PathOf("a")));
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await api.CallAsync("host.evacuate", [b, default(Ref<NetworkRecord>), 0L], Stop);
            Assert.Empty(Guests(PathOf("b")));
            await api.CallAsync("host.evacuate", [a, default(Ref<NetworkRecord>), 0L], Stop);
            await CountsPastAsync(api, vm, await LastAsync(api, vm) + 5);
            Assert.Empty(Guests(PathOf("a")));
            Assert.Equal(1, await BootsAsync(api, vm));

            // The member's daemon dies: that is known, the VM is taken neither for halted nor started elsewhere, and the guest runs on.
            var guest = Guests(PathOf("b")).Single().Id;
            _runs["b"].Process.Kill();
            await _runs["b"].Process.WaitForExitAsync(Stop);
            var began = Stopwatch.GetTimestamp();
            await Patience.UntilAsync(async () => !await IsLiveAsync(api, b), "the host is shown as lost");
            TestContext.Current.TestOutputHelper?.WriteLine($"The loss was known within {Stopwatch.GetElapsedTime(began)}.");
            Assert.Equal(VmPowerState.Running, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            Assert.Equal("HOST_OFFLINE", (await RefusedAsync(api, "VM.hard_shutdown", vm)).Code);
            Assert.Equal("HOST_OFFLINE", (await RefusedAsync(api, "VM.power_state_reset", vm)).Code);
            Assert.Equal("VM_BAD_POWER_STATE", (await RefusedAsync(api, "VM.start_on", vm, a, false, false)).Code);
            Assert.Contains(
                "does not answer. What its VMs do is not known, whatever their power state says: counter",
                await api.CallAsync<string>("recovery.get_status", [], Stop), StringComparison.Ordinal);
            var url = _runs["b"].Url!;
            await _runs["b"].DisposeAsync();
            await StartAsync("b", null, "--listen", url.GetLeftPart(UriPartial.Authority));
            await Patience.UntilAsync(async () => await IsLiveAsync(api, b), "the host is back");
            await CountsPastAsync(api, vm, 30);
            Assert.Equal(guest, Guests(PathOf("b")).Single().Id);
        }

        // The coordinator dies: whichever takes over finds the guest where it is, and has it do what is asked.
        _runs["a"].Process.Kill();
        await _runs["a"].Process.WaitForExitAsync(Stop);
        var next = await CoordinatorAsync("b", "c");
        await using (var api = await PoolDirectory.LogInAsync(_runs[next], Password))
        {
            Assert.Equal(VmPowerState.Running, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            await Patience.UntilAsync(async () => await TryLastAsync(api, vm) is not null, "the new coordinator reaches the guest");
            await CountsPastAsync(api, vm, await LastAsync(api, vm) + 5);
            Assert.Equal(1, await BootsAsync(api, vm));
            Assert.Equal(b, await api.CallAsync<Ref<HostRecord>>("VM.get_resident_on", [vm], Stop));
            await api.CallAsync("VM.hard_shutdown", [vm], Stop);
            Assert.Empty(Guests(_root));
            Assert.Equal(VmPowerState.Halted, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);
            Assert.Equal(uuid, await api.CallAsync<string>("VM.get_uuid", [vm], Stop));
        }
    }

    [Fact]
    public async Task A_host_that_was_taken_for_dead_and_was_not_keeps_its_VM_from_running_twice()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), $"root\n{Password}\n", Stop);
        await Task.WhenAll(StartAsync("a", null), StartAsync("b", null), StartAsync("c", "test:///default"));
        await using var api = await PoolDirectory.LogInAsync(_runs["a"], Password);
        await JoinAsync("b");
        await JoinAsync("c");
        var (a, b) = (await HostAsync(api, "a"), await HostAsync(api, "b"));
        var sr = await CreateSrAsync(api, "shared");
        await Patience.UntilAsync(
            async () => (await api.GetAllRecordsAsync<PbdRecord>(Stop)).Values.Count(p => p.CurrentlyAttached) == 3,
            "the SR is everywhere");
        var vm = await CreateVmAsync(api, sr);
        await api.CallAsync("VM.start_on", [vm, b, false, false], Stop);
        await CountsPastAsync(api, vm, 5);
        Assert.Equal("HOST_IS_LIVE", (await RefusedAsync(api, "host.declare_dead", b)).Code);
        var url = _runs["b"].Url!;
        _runs["b"].Process.Kill();
        await _runs["b"].Process.WaitForExitAsync(Stop);
        await Patience.UntilAsync(async () => !await IsLiveAsync(api, b), "the host is shown as lost");
        await Patience.UntilAsync(
            async () =>
            {
                try
                {
                    var went = await api.CallAsync<ImmutableSortedDictionary<Ref<VmRecord>, string>>(
                        "host.declare_dead_and_start", [b], Stop);

                    // Its guest runs on, and has the image locked.
                    Assert.NotEmpty(went[vm]);
                    return true;
                }
                catch (XenApiException refused) when (refused.Code == "HOST_IS_LIVE")
                {
                    return false;
                }
            },
            "it is taken for dead");
        Assert.Equal(VmPowerState.Halted, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).PowerState);

        var refused = await RefusedAsync(api, "VM.start_on", vm, a, false, false);
        Assert.Equal("VDI_IN_USE", refused.Code);
        Assert.Single(Guests(_root));
        await _runs["b"].DisposeAsync();
        await StartAsync("b", null, "--listen", url.GetLeftPart(UriPartial.Authority));

        // Back, it says that it has the VM, which is nowhere else by then.
        await Patience.UntilAsync(
            async () => await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop) is { PowerState: VmPowerState.Running } found
                && found.ResidentOn == b,
            "the guest is found where it is");
        Assert.Single(Guests(_root));

        // Then its machine is off for good, and one command has what ran there elsewhere.
        _runs["b"].Process.Kill();
        await _runs["b"].Process.WaitForExitAsync(Stop);
        using (var guest = Assert.Single(Guests(_root)))
        {
            guest.Kill();
            await guest.WaitForExitAsync(Stop);
        }

        string[] command = ["host-declare-dead", "host=b", "start-vms=true", "--force"];
        await Patience.UntilAsync(
            async () => (await Shell.TryAsync(_runs["a"], Password, command)).ExitCode == 0, "it is taken for dead again");
        Assert.Equal(a, (await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).ResidentOn);
        await CountsPastAsync(api, vm, 5);
        Assert.Single(Guests(_root));
    }

    private string PathOf(string host) => Path.Combine(_root, host);

    private async Task StartAsync(string name, string? hypervisor, params string[] options)
    {
        if (hypervisor is null)
        {
            HypervisorCache.Share(Path.Combine(PathOf(name), "hypervisor"));
        }

        var run = await ServeRun.StartOnAsync(
            hypervisor, PathOf(name),
            [
                "--root-password-file", Path.Combine(_root, "password"), "--name-label", name, "--member-port", "0", .. options,
            ]);
        lock (_runs)
        {
            _runs[name] = run;
        }

        Assert.True(run.Url is not null, run.Error);
    }

    private async Task JoinAsync(string name)
    {
        await using (var api = await PoolDirectory.LogInAsync(_runs[name], Password))
        {
            // Hosts are told apart by their names, which are all this machine's.
            var self = (await api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
            await api.CallAsync("host.set_name_label", [self, name], Stop);
            await api.CallAsync("pool.join", [_runs["a"].Url!.Authority, "root", Password], Stop);
        }

        await Patience.UntilAsync(async () => await CodeAsync(name) == "HOST_IS_SLAVE", $"{name} is a member");
    }

    private async Task<Ref<HostRecord>> HostAsync(XenApiClient api, string name) => name == "a"
        ? (await api.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Master
        : (await api.GetAllRecordsAsync<HostRecord>(Stop)).Single(h => h.Value.NameLabel == name).Key;

    private static async Task<bool> IsLiveAsync(XenApiClient api, Ref<HostRecord> host)
    {
        var metrics = await api.CallAsync<Ref<HostMetricsRecord>>("host.get_metrics", [host], Stop);
        return await api.CallAsync<bool>("host_metrics.get_live", [metrics], Stop);
    }

    private async Task<Ref<SrRecord>> CreateSrAsync(XenApiClient api, string name)
    {
        var host = await HostAsync(api, "a");
        var location = Directory.CreateDirectory(Path.Combine(_root, "storage", name)).FullName;
        return await api.CallAsync<Ref<SrRecord>>(
            "SR.create", [host, None.Add("location", location), 0L, name, "", "file", "", true, None], Stop);
    }

    internal static async Task<Ref<VmRecord>> CreateVmAsync(XenApiClient api, Ref<SrRecord> sr)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "disk", Sr = sr, VirtualSize = DiskBytes }], Stop);
        using var content = new MemoryStream(Counter());
        await api.ImportRawVdiAsync(disk, "raw", content, null, Stop);
        return await CreateVmAsync(api, disk, 64 << 20, "counter");
    }

    private static async Task<Ref<VmRecord>> CreateVmAsync(XenApiClient api, Ref<VdiRecord> disk, long memory, string name)
    {
        var vm = await api.CallAsync<Ref<VmRecord>>(
            "VM.create",
            [
                new VmRecord
                {
                    NameLabel = name,
                    VcpusMax = 1,
                    VcpusAtStartup = 1,
                    MemoryStaticMin = 32 << 20,
                    MemoryDynamicMin = memory,
                    MemoryDynamicMax = memory,
                    MemoryStaticMax = memory,
                    HvmBootPolicy = "BIOS order",
                    HvmBootParams = None.Add("order", "c"),
                },
            ],
            Stop);
        await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create",
            [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true }], Stop);
        return vm;
    }

    /// <summary>Another guest of a host, with an agent, says what it is, and what it said goes with it.</summary>
    private static async Task SaysAsync(XenApiClient api, Ref<SrRecord> sr, Ref<HostRecord> host)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "system", Sr = sr, VirtualSize = 64 << 20 }], Stop);
        await using (var content = File.OpenRead(Repository.GuestImage))
        {
            await api.ImportRawVdiAsync(disk, "qcow2", content, null, Stop);
        }

        var vm = await CreateVmAsync(api, disk, 96 << 20, "talker");
        await api.CallAsync("VM.add_to_xenstore_data", [vm, "vm-data/agent", "honest"], Stop);
        await api.CallAsync("VM.start_on", [vm, host, false, false], Stop);
        await Patience.UntilAsync(
            async () => !(await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop)).GuestMetrics.IsNull, "the guest has said what it is");
        var metrics = await api.CallAsync<Ref<VmGuestMetricsRecord>>("VM.get_guest_metrics", [vm], Stop);
        var said = await api.CallAsync<VmGuestMetricsRecord>("VM_guest_metrics.get_record", [metrics], Stop);
        Assert.True(said is { Live: true, PvDriversDetected: true });
        Assert.Equal("redoubt", said.OsVersion["distro"]);
        await Patience.UntilAsync(
            async () => (await api.CallAsync<ImmutableList<DataSourceRecord>>("VM.get_data_sources", [vm], Stop))
                .Any(s => s is { NameLabel: "memory", Value: 96 << 20 }),
            "it is measured");
        Assert.NotEmpty(await api.CallAsync<ImmutableList<DataSourceRecord>>("host.get_data_sources", [host], Stop));
        await api.CallAsync("VM.hard_shutdown", [vm], Stop);
        Assert.Empty((await api.GetAllRecordsAsync<VmGuestMetricsRecord>(Stop)).Keys);
        await api.CallAsync("VM.destroy", [vm], Stop);
        await api.CallAsync("VDI.destroy", [disk], Stop);
    }

    private static async Task HotPlugAsync(XenApiClient api, Ref<VmRecord> vm, Ref<SrRecord> sr)
    {
        var disk = await api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "more", Sr = sr, VirtualSize = DiskBytes }], Stop);
        var drive = await api.CallAsync<Ref<VbdRecord>>(
            "VBD.create", [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "1", Mode = VbdMode.Rw, Type = VbdType.Disk }], Stop);
        await api.CallAsync("VBD.plug", [drive], Stop);
        Assert.True(await api.CallAsync<bool>("VBD.get_currently_attached", [drive], Stop));
        Assert.Equal("VDI_IN_USE", (await RefusedAsync(api, "VDI.destroy", disk)).Code);
    }

    /// <summary>The first words of the screen, as a viewer gets them from the pool.</summary>
    private async Task<string> GreetingAsync(XenApiClient api, Ref<VmRecord> vm)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(_runs["a"].Url!.Host, _runs["a"].Url!.Port, Stop);
        await using var tls = new System.Net.Security.SslStream(socket.GetStream(), false, (_, shown, _, _) => shown is not null);
        await tls.AuthenticateAsClientAsync(new System.Net.Security.SslClientAuthenticationOptions { TargetHost = "localhost" }, Stop);
        await tls.WriteAsync(
            System.Text.Encoding.ASCII.GetBytes($"CONNECT /console?ref={vm.Opaque}&session_id={api.Session.Opaque} HTTP/1.0\r\n\r\n"),
            Stop);
        using var reader = new StreamReader(tls);
        Assert.Contains("200", await reader.ReadLineAsync(Stop), StringComparison.Ordinal);
        while (await reader.ReadLineAsync(Stop) is { Length: > 0 })
        {
            // The rest of the answer's head.
        }

        return (await reader.ReadLineAsync(Stop))!;
    }

    private static async Task CountsPastAsync(XenApiClient api, Ref<VmRecord> vm, int count) => await Patience.UntilAsync(
        async () => await TryLastAsync(api, vm) > count, $"the guest counts past {count}");

    private static async Task<int> LastAsync(XenApiClient api, Ref<VmRecord> vm) => await TryLastAsync(api, vm) ?? 0;

    internal static async Task<int?> TryLastAsync(XenApiClient api, Ref<VmRecord> vm)
    {
        try
        {
            return CountLine().Matches(await LogAsync(api, vm)).Select(m => Convert.ToInt32(m.Groups["count"].Value, 16)).LastOrDefault();
        }
        catch (XenApiException offline) when (offline.Code == "HOST_OFFLINE")
        {
            return null;
        }
    }

    internal static async Task<int> BootsAsync(XenApiClient api, Ref<VmRecord> vm) =>
        CountLine().Matches(await LogAsync(api, vm)).Count(m => m.Groups["count"].Value == "0001");

    private static Task<string> LogAsync(XenApiClient api, Ref<VmRecord> vm) =>
        api.CallAsync<string>("VM.get_console_log", [vm, 0L], Stop);

    [GeneratedRegex("(?<count>[0-9A-F]{4})\n", RegexOptions.None, 1000)]
    private static partial Regex CountLine();

    /// <summary>A disk of which the first sector counts the ticks of the clock on the serial port, in four digits each.</summary>
    private static byte[] Counter()
    {
        byte[] code =
        [
            0x31, 0xed, 0xfb, //                         xor bp,bp; sti
            0xf4, 0x45, 0x89, 0xe8, 0xb9, 0x04, 0x00, // next: hlt; inc bp; mov ax,bp; mov cx,4
            0xc1, 0xc0, 0x04, 0x50, 0x24, 0x0f, //       digit: rol ax,4; push ax; and al,15
            0x3c, 0x0a, 0x72, 0x02, 0x04, 0x07, //       cmp al,10; jb +2; add al,7
            0x04, 0x30, 0xba, 0xf8, 0x03, 0xee, 0x58, // add al,'0'; mov dx,3f8h; out dx,al; pop ax
            0xe2, 0xeb, 0xb0, 0x0a, 0xee, 0xeb, 0xdf, // loop digit; mov al,10; out dx,al; jmp next
        ];
        var image = new byte[DiskBytes];
        code.CopyTo(image, 0);
        (image[510], image[511]) = (0x55, 0xaa);
        return image;
    }

    private static async Task<XenApiException> RefusedAsync(XenApiClient api, string method, params object?[] arguments) =>
        await Assert.ThrowsAsync<XenApiException>(() => api.CallAsync(method, arguments, Stop));

    private async Task<string> CoordinatorAsync(params string[] names)
    {
        var found = "";
        await Patience.UntilAsync(
            async () =>
            {
                foreach (var name in names)
                {
                    if (await CodeAsync(name) == "")
                    {
                        found = name;
                    }
                }

                return found.Length > 0;
            },
            "another host coordinates");
        return found;
    }

    private async Task<string?> CodeAsync(string name) => (await LoginAnswer.OfAsync(_runs[name].Url!, Password))?.Code;

    internal static List<Process> Guests(string below) => GuestProcesses.With(below + "/");
}
