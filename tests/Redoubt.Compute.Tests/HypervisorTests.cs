using Redoubt.Storage;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute.Tests;

/// <summary>Real guests under QEMU.</summary>
[Collection(EmbeddedHostCollection.Name)]
[Trait("Needs", "guest")]
public sealed class HypervisorTests(EmbeddedHost host)
{
    private Hypervisor Hypervisor => host.Hypervisor;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_facts_describe_this_machine()
    {
        var facts = Hypervisor.Facts;
        Assert.Equal("QEMU", facts.Driver);
        Assert.Equal(Environment.ProcessorCount, facts.CpuCount);
        Assert.True(facts.HypervisorVersion.Major >= 5, facts.HypervisorVersion.ToString());
        Assert.True(facts.MemoryTotalBytes > 1 << 30);
        Assert.NotEmpty(facts.CpuModel);
        Assert.Equal(facts.Platform.Accelerator == Accelerator.Tcg, facts.Warnings.Any(warning => warning.Contains("KVM")));
    }

    [Fact]
    public async Task A_started_guest_runs_and_its_console_is_kept_across_boots()
    {
        var config = host.Guest("the guest speaks");
        for (var boot = 1; boot <= 2; boot++)
        {
            await Hypervisor.StartAsync(config, Cancel);
            await Until.FileContainsAsync(config.ConsoleLogPath!, "the guest speaks", boot);
            var state = await Hypervisor.FindAsync(config.Uuid, Cancel);
            Assert.Equal((DomainPowerState.Running, "a guest", 32L << 20), (state!.PowerState, state.Name, state.MemoryBytes));
            Assert.True(await Hypervisor.DestroyAsync(config.Uuid, Cancel));
            Assert.False(await Hypervisor.DestroyAsync(config.Uuid, Cancel));
            Assert.Null(await Hypervisor.FindAsync(config.Uuid, Cancel));
        }
    }

    [Fact]
    public async Task A_guest_started_paused_does_not_run_until_it_is_unpaused()
    {
        var config = host.Guest("awake") with { StartPaused = true };
        await Hypervisor.StartAsync(config, Cancel);
        Assert.Equal(DomainPowerState.Paused, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
        Assert.Equal(0, new FileInfo(config.ConsoleLogPath!).Length);

        var refusal = await Assert.ThrowsAsync<HypervisorException>(() => Hypervisor.ShutdownAsync(config.Uuid, Cancel));
        Assert.Equal(HypervisorFailure.WrongPowerState, refusal.Failure);

        await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
        await Until.FileContainsAsync(config.ConsoleLogPath!, "awake");
        await Hypervisor.PauseAsync(config.Uuid, Cancel);
        Assert.Equal(DomainPowerState.Paused, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task Events_tell_the_whole_life_of_a_guest()
    {
        var config = host.Guest("short life", TestGuest.SwitchesOff) with { StartPaused = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(EmbeddedHost.Limit);
        var seen = new List<DomainEventKind>();
        await foreach (var happened in Hypervisor.EventsAsync(limit.Token))
        {
            if (happened.Kind == DomainEventKind.Resync)
                await Hypervisor.StartAsync(config, Cancel);
            else if (happened.Uuid != config.Uuid)
                continue;
            else if (happened.Kind == DomainEventKind.Paused)
                await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
            seen.Add(happened.Kind);
            if (happened.IsStop)
                break;
        }

        Assert.Equal(
            [DomainEventKind.Resync, DomainEventKind.Started, DomainEventKind.Paused, DomainEventKind.Resumed, DomainEventKind.ShutDown],
            seen);
        Assert.Null(await Hypervisor.FindAsync(config.Uuid, Cancel));
    }

    [Fact]
    public async Task A_guest_that_restarts_itself_keeps_its_domain()
    {
        var config = host.Guest("again", TestGuest.Restarts);
        await Hypervisor.StartAsync(config, Cancel);
        await Until.FileContainsAsync(config.ConsoleLogPath!, "again", times: 3);
        Assert.Equal(DomainPowerState.Running, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task A_reset_boots_the_guest_again_and_is_reported()
    {
        var config = host.Guest("booted");
        await Hypervisor.StartAsync(config, Cancel);
        await Until.FileContainsAsync(config.ConsoleLogPath!, "booted");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(EmbeddedHost.Limit);
        await foreach (var happened in Hypervisor.EventsAsync(limit.Token))
        {
            if (happened.Kind == DomainEventKind.Resync)
                await Hypervisor.ResetAsync(config.Uuid, Cancel);
            else if (happened == new DomainEvent(DomainEventKind.Rebooted, config.Uuid))
                break;
        }

        await Until.FileContainsAsync(config.ConsoleLogPath!, "booted", times: 2);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task Waiting_for_the_stop_ends_with_the_guest_and_at_once_without_one()
    {
        await Hypervisor.WaitForStoppedAsync(Guid.NewGuid(), Cancel);

        var config = host.Guest("off", TestGuest.SwitchesOff) with { StartPaused = true };
        await Hypervisor.StartAsync(config, Cancel);
        var stopped = Hypervisor.WaitForStoppedAsync(config.Uuid, Cancel);
        Assert.False(stopped.IsCompleted);
        await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
        await stopped.WaitAsync(EmbeddedHost.Limit, Cancel);
    }

    [Fact]
    public async Task A_guest_whose_process_dies_is_reported_as_crashed()
    {
        var config = host.Guest("doomed");
        await Hypervisor.StartAsync(config, Cancel);
        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(host.Root, "run/qemu", $"{config.Uuid:D}.pid"), Cancel));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(EmbeddedHost.Limit);
        await foreach (var happened in Hypervisor.EventsAsync(limit.Token))
        {
            if (happened.Kind == DomainEventKind.Resync)
                System.Diagnostics.Process.GetProcessById(pid).Kill();
            else if (happened == new DomainEvent(DomainEventKind.Crashed, config.Uuid))
                break;
        }

        Assert.Null(await Hypervisor.FindAsync(config.Uuid, Cancel));
    }

    [Fact]
    public async Task A_guest_without_an_agent_is_asked_by_its_power_button()
    {
        var config = host.Guest("deaf") with { AgentSocketPath = Path.Combine(host.Root, "agent.sock") };
        await Hypervisor.StartAsync(config, Cancel);
        Assert.False(await Hypervisor.IsAgentConnectedAsync(config.Uuid, Cancel));
        Assert.False(await Hypervisor.PingAgentAsync(config.Uuid, TimeSpan.FromSeconds(1), Cancel));
        Assert.Equal(GuestRoute.Acpi, await Hypervisor.ShutdownAsync(config.Uuid, Cancel));
        Assert.Equal(DomainPowerState.Running, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task A_guest_with_a_screen_has_a_console_socket_and_a_picture()
    {
        var config = host.Guest("seen") with { VncSocketPath = Path.Combine(host.Root, "vnc.sock") };
        await Hypervisor.StartAsync(config, Cancel);
        Assert.True(File.Exists(config.VncSocketPath));
        var picture = await Hypervisor.ScreenshotAsync(config.Uuid, Cancel);
        var start = System.Text.Encoding.Latin1.GetString(picture.Bytes.Span[..4]);
        Assert.Contains((picture.MimeType, start[..2]), new[] { ("image/x-portable-pixmap", "P6"), ("image/png", "\u0089P") });
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task QEMU_is_no_longer_root_when_its_guest_runs_and_can_never_be_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "whoever is not root has nothing to give up");
        var config = host.Guest("confined");
        await Hypervisor.StartAsync(config, Cancel);
        var account = Hypervisor.Facts.Platform.Account!;
        var process = Assert.Single(Directory.GetDirectories("/proc"), d => IsQemuOf(d, config.Uuid));
        var status = File.ReadLines(Path.Combine(process, "status")).Select(l => l.Split(':', 2))
            .ToDictionary(l => l[0], l => l[1].Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries));
        Assert.NotEqual(0u, account.User);
        Assert.All(status["Uid"], id => Assert.Equal($"{account.User}", id));
        Assert.All(status["Gid"], id => Assert.Equal($"{account.Group}", id));
        Assert.Equal([$"{account.Group}"], status["Groups"]);
        foreach (var capabilities in new[] { "CapEff", "CapPrm", "CapInh", "CapAmb" })
        {
            Assert.Equal(["0000000000000000"], status[capabilities]);
        }

        Assert.Equal(["1"], status["NoNewPrivs"]);
        Assert.Equal(["2"], status["Seccomp"]);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task What_QEMU_may_not_open_any_more_it_is_handed_for_a_suspend_and_a_resume()
    {
        var config = host.Guest("again", TestGuest.Restarts);
        var (qcow2, clone) = (Image("base.qcow2", null), Image("clone.qcow2", "base.qcow2"));
        config = config with
        {
            Disks =
            [
                .. config.Disks,
                new DomainDisk { Device = 1, Source = new DiskSource.File(clone, DiskFormat.Qcow2) },
                new DomainDisk { Device = 2, Source = new DiskSource.File(qcow2, DiskFormat.Qcow2), ReadOnly = true },
                new DomainDisk { Device = 3, Source = host.Guest("cd").Disks[0].Source, IsCdrom = true },
            ],
        };
        var saved = Path.Combine(host.Root, "saved");
        await Hypervisor.StartAsync(config, Cancel);
        await Until.FileContainsAsync(config.ConsoleLogPath!, "again", times: 2);

        // One that can't be done changes nothing, neither that it can be done later nor that the disks are locked.
        await Assert.ThrowsAsync<HypervisorException>(
            () => Hypervisor.SaveAsync(config.Uuid, Path.Combine(host.Root, "no", "where"), Cancel));
        await Hypervisor.GoOnAsync(config.Uuid, Cancel);
        await RequireLockedAsync(config);
        for (var round = 1; round <= 2; round++)
        {
            await Hypervisor.SaveAsync(config.Uuid, saved, Cancel);
            Assert.Null(await Hypervisor.FindAsync(config.Uuid, Cancel));
            var said = Count(config);
            await Hypervisor.RestoreAsync(config, saved, Cancel);
            Assert.Equal(DomainPowerState.Paused, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
            await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
            await Until.FileContainsAsync(config.ConsoleLogPath!, "again", said + 2);
            await RequireLockedAsync(config);
        }

        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task A_guest_runs_on_a_block_device_and_is_suspended_and_resumed_on_it()
    {
        var config = host.Guest("again-block", TestGuest.Restarts);
        var device = await LoopAsync("--find", "--show", config.Disks[0].Source!.Place);
        Assert.SkipWhen(device is null, "A block device can't be made here.");
        try
        {
            config = config with { Disks = [new DomainDisk { Device = 0, Source = new DiskSource.Block(device) }] };
            var saved = Path.Combine(host.Root, "saved-block");
            await Hypervisor.StartAsync(config, Cancel);
            await Until.FileContainsAsync(config.ConsoleLogPath!, "again", times: 2);
            await Hypervisor.SaveAsync(config.Uuid, saved, Cancel);
            Assert.Null(await Hypervisor.FindAsync(config.Uuid, Cancel));
            var said = Count(config);
            await Hypervisor.RestoreAsync(config, saved, Cancel);
            await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
            await Until.FileContainsAsync(config.ConsoleLogPath!, "again", said + 2);
            await Hypervisor.DestroyAsync(config.Uuid, Cancel);
        }
        finally
        {
            await LoopAsync("--detach", device);
        }
    }

    private static async Task<string?> LoopAsync(params string[] words)
    {
        using var run = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("losetup", words) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await run.StandardOutput.ReadToEndAsync(Cancel);
        await run.WaitForExitAsync(Cancel);
        return run.ExitCode == 0 ? said.Trim() : null;
    }

    [Fact]
    public async Task A_handover_that_is_broken_off_anywhere_is_brought_to_its_end_by_the_next()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "whoever is not root has nothing to give up");
        using var connection = LibvirtConnection.Open(HypervisorOptions.EmbeddedUri(host.Root));
        var config = host.Guest("again", TestGuest.Restarts);
        for (var (steps, isWhole) = (1, false); !isWhole; steps++)
        {
            await Hypervisor.StartAsync(config, Cancel);
            var process = GuestProcess.ListOn(host.Root).Single(p => p.Name == config.Uuid.ToString("D"));
            var asked = 0;
            try
            {
                new ImageHandover(
                    process,
                    (command, arguments, file) => asked++ < steps
                        ? connection.Ask(config.Uuid, command, arguments, file)
                        : throw new OperationCanceledException())
                    .Do(isWriting: true);
                isWhole = true;
            }
            catch (OperationCanceledException)
            {
                // As if the daemon had been killed.
            }

            var saved = Path.Combine(host.Root, "saved-again");
            await Assert.ThrowsAsync<HypervisorException>(
                () => Hypervisor.SaveAsync(config.Uuid, Path.Combine(host.Root, "no", "where"), Cancel));
            await Hypervisor.GoOnAsync(config.Uuid, Cancel);
            await RequireLockedAsync(config);
            await Hypervisor.SaveAsync(config.Uuid, saved, Cancel);
            await Hypervisor.RestoreAsync(config, saved, Cancel);
            await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
            await RequireLockedAsync(config);
            await Hypervisor.DestroyAsync(config.Uuid, Cancel);
            Assert.True(isWhole || steps < 30);
        }
    }

    [Fact]
    public async Task A_uefi_guest_with_a_tpm_is_suspended_and_resumed()
    {
        var config = host.Guest("never read") with
        {
            Firmware = Firmware.Uefi,
            HasTpm = true,
            MemoryMaxBytes = 128 << 20,
            NvramPath = Path.Combine(host.Root, "suspended.vars"),
        };
        var saved = Path.Combine(host.Root, "saved-uefi");
        await Hypervisor.StartAsync(config, Cancel);
        for (var round = 1; round <= 2; round++)
        {
            await Hypervisor.SaveAsync(config.Uuid, saved, Cancel);
            await Hypervisor.RestoreAsync(config, saved, Cancel);
            await Hypervisor.UnpauseAsync(config.Uuid, Cancel);
            Assert.Equal(DomainPowerState.Running, (await Hypervisor.FindAsync(config.Uuid, Cancel))!.PowerState);
        }

        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task A_guest_with_everything_starts()
    {
        var config = host.Guest("rich");
        config = config with
        {
            Name = "<\"Käse\" & 'Brot'>\n\u0001 \ud83e\uddc0",
            Vcpus = 2,
            MemoryTargetBytes = 16 << 20,
            Disks =
            [
                .. config.Disks,
                new DomainDisk { Device = 3, Source = null, IsCdrom = true },
                new DomainDisk { Device = 4, Source = host.Guest("cd").Disks[0].Source, IsCdrom = true },
                new DomainDisk { Device = 30, Source = host.Guest("read only").Disks[0].Source, ReadOnly = true },
            ],
            Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = null }],
        };
        await Hypervisor.StartAsync(config, Cancel);
        await Until.FileContainsAsync(config.ConsoleLogPath!, "rich");
        var state = Assert.Single(await Hypervisor.ListAsync(Cancel), state => state.Uuid == config.Uuid);
        Assert.Equal("<\"Käse\" & 'Brot'> \ufffd \ud83e\uddc0", state.Name);
        await Hypervisor.SetMemoryAsync(config.Uuid, 24 << 20, Cancel);
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task A_uefi_guest_starts()
    {
        var config = host.Guest("never read") with
        {
            Firmware = Firmware.Uefi,
            MemoryMaxBytes = 128 << 20,
            NvramPath = Path.Combine(host.Root, "uefi.vars"),
        };
        await Hypervisor.StartAsync(config, Cancel);
        Assert.True(File.Exists(config.NvramPath));
        await Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task What_does_not_run_cannot_be_paused()
    {
        var failure = await Assert.ThrowsAsync<HypervisorException>(() => Hypervisor.PauseAsync(Guid.NewGuid(), Cancel));
        Assert.Equal(HypervisorFailure.NotRunning, failure.Failure);
    }

    private static int Count(DomainConfig config) => File.ReadAllText(config.ConsoleLogPath!).Split("again").Length - 1;

    private string Image(string name, string? backing)
    {
        var path = Path.Combine(host.Root, name);
        string[] arguments = backing is null
            ? ["create", "-q", "-f", "qcow2", path, "1M"]
            : ["create", "-q", "-f", "qcow2", "-b", Path.Combine(host.Root, backing), "-F", "qcow2", path];
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("qemu-img", arguments))!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return path;
    }

    private async Task RequireLockedAsync(DomainConfig config)
    {
        foreach (var disk in config.Disks.Where(d => !d.ReadOnly && !d.IsCdrom))
        {
            var failure = await host.RefusalAsync(TestGuest.Config(Guid.NewGuid(), "", null) with { Disks = [disk with { Device = 0 }] });
            Assert.True(
                (failure.Failure, failure.Subject) == (HypervisorFailure.DiskInUse, disk.Source!.Place),
                $"{failure.Failure} of {failure.Subject}: {failure.Message}");
        }
    }

    private static bool IsQemuOf(string process, Guid uuid)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Contains($"guest={uuid:D},", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
