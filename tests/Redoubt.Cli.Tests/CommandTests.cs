using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

public sealed class CommandTests
{
    private const string Web = "OpaqueRef:" + Scene.WebUuid;

    [Theory]
    [InlineData("vm-start vm=web", "Async.VM.start " + Web + " false false")]
    [InlineData("vm-start vm=web on=north --paused", "Async.VM.start_on " + Web + " OpaqueRef:" + Scene.HostUuid + " true false")]
    [InlineData("vm-shutdown uuid=" + Scene.WebUuid, "Async.VM.clean_shutdown " + Web)]
    [InlineData("vm-shutdown vm=" + Scene.WebUuid + " --force", "Async.VM.hard_shutdown " + Web)]
    [InlineData("vm-reboot name-label=web", "Async.VM.clean_reboot " + Web)]
    [InlineData("vm-pause vm=web", "VM.pause " + Web)]
    [InlineData(
        "vm-memory-limits-set vm=web static-min=1MiB dynamic-min=2MiB dynamic-max=3MiB static-max=4MiB",
        "VM.set_memory_limits " + Web + " 1048576 4194304 2097152 3145728")]
    [InlineData("vm-memory-dynamic-range-set vm=web min=1GiB max=2GiB", "VM.set_memory_dynamic_range " + Web + " 1073741824 2147483648")]
    [InlineData("appliance-start uuid=" + Scene.AppUuid, "Async.VM_appliance.start OpaqueRef:" + Scene.AppUuid + " false")]
    [InlineData("sr-enable-database-replication uuid=" + Scene.SrUuid, "SR.enable_database_replication OpaqueRef:" + Scene.SrUuid)]
    [InlineData("vdi-resize uuid=" + Scene.DiskUuid + " disk-size=1GiB", "VDI.resize OpaqueRef:" + Scene.DiskUuid + " 1073741824")]
    [InlineData("vdi-destroy uuid=" + Scene.DiskUuid, "VDI.destroy OpaqueRef:" + Scene.DiskUuid)]
    public async Task A_command_sends_its_message(string line, string expected)
    {
        await using var pool = await Scene.StartAsync();
        pool.On(expected.Split(' ')[0].Replace("Async.", "", StringComparison.Ordinal), _ => new WireString(""));
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal((0, "", ""), (run.ExitCode, run.Output, run.Error));
        Assert.Equal([expected], pool.Trace);
        Assert.Equal(0, pool.OpenSessions);
    }

    [Theory]
    [InlineData("vm-create name-label=new memory=1GiB VCPUs=2 HVM-boot-params:order=c", "VM")]
    [InlineData("vdi-create sr-uuid=" + Scene.SrUuid + " name-label=d virtual-size=8GiB", "VDI")]
    [InlineData("vbd-create vm-uuid=" + Scene.WebUuid + " vdi-uuid=" + Scene.DiskUuid + " device=0 bootable=true", "VBD")]
    [InlineData("network-create name-label=lan", "network")]
    [InlineData("appliance-create name-label=app", "VM_appliance")]
    [InlineData("pbd-create host-uuid=" + Scene.HostUuid + " sr-uuid=" + Scene.SrUuid + " device-config:location=/srv", "PBD")]
    public async Task What_makes_an_object_prints_its_uuid(string line, string className)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var made = pool.Database.Get(className, RefText.Prefix + run.Output.Trim());
        Assert.DoesNotContain(made.Members, m => FakeDatabase.Text(m.Value) == "unrecognized");
    }

    [Fact]
    public async Task A_new_vm_has_what_was_asked_for()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, "vm-create name-label=new memory=1GiB VCPUs=2 HVM-boot-params:order=c platform:nx=true");
        var vm = pool.Database.Get("VM", RefText.Prefix + run.Output.Trim());
        Assert.Equal("1073741824", FakeDatabase.Text(vm["memory_static_max"]!));
        Assert.Equal("1073741824", FakeDatabase.Text(vm["memory_dynamic_min"]!));
        Assert.Equal("2", FakeDatabase.Text(vm["VCPUs_at_startup"]!));
        Assert.Equal("{order:c}", FakeDatabase.Text(vm["HVM_boot_params"]!));
        Assert.Equal("{nx:true}", FakeDatabase.Text(vm["platform"]!));
    }

    [Fact]
    public async Task Sr_create_and_drtask_create_pass_their_maps()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("SR.create", _ => new WireString("OpaqueRef:" + Scene.SrUuid));
        pool.On(
            "DR_task.create", _ => new WireString(pool.Database.Add(new DrTaskRecord { Uuid = "00000000-0000-4000-8000-000000000077" })));
        Assert.Equal(
            Scene.SrUuid + "\n",
            (await CliRun.AgainstAsync(pool, "sr-create name-label=s type=file shared=true device-config:location=/a")).Output);
        Assert.Equal(
            "00000000-0000-4000-8000-000000000077\n",
            (await CliRun.AgainstAsync(pool, "drtask-create type=file device-config:location=/a sr-whitelist=x,y")).Output);
        Assert.Equal(
            [$"SR.create OpaqueRef:{Scene.HostUuid} {{location:/a}} 0 s  file  true {{}}", "DR_task.create file {location:/a} [x,y]"],
            pool.Trace);
    }

    [Fact]
    public async Task Recovery_runs_in_the_foreign_session_and_names_the_local_one()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.recover", _ => new WireString(""));
        var run = await CliRun.AgainstAsync(
            pool, $"vm-recover uuid=00000000-0000-4000-8000-000000000099 database:vdi-uuid={Scene.MetadataUuid} --force");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal("Async.VM.recover OpaqueRef:00000000-0000-4000-8000-000000000099 OpaqueRef:session-1 true", pool.Trace[0]);
        Assert.Equal(0, pool.OpenSessions);
    }

    [Fact]
    public async Task Recovery_without_a_database_is_refused_before_anything_happens()
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, $"vm-recover uuid={Scene.WebUuid}");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("database:vdi-uuid=UUID", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm-start", "Which VM?")]
    [InlineData("vm-start vm=nobody", "No VM matches.")]
    [InlineData("vm-start power-state=running", null)]
    [InlineData("vm-start memory-static-max=0", "2 VMs match")]
    public async Task One_command_is_for_one_vm(string line, string? complaint)
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.start", _ => new WireString(""));
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal(complaint is null ? 0 : 1, run.ExitCode);
        Assert.Contains(complaint ?? "", run.Error, StringComparison.Ordinal);
        Assert.Equal(complaint is null ? 1 : 0, pool.Trace.Count);
    }

    [Fact]
    public async Task With_multiple_one_failure_does_not_stop_the_others()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.start", a => FakeDatabase.Text(a[0]) == Web
            ? throw new XenApiException("VM_BAD_POWER_STATE", Web, "halted", "running")
            : new WireString(""));
        var run = await CliRun.AgainstAsync(pool, "vm-start --multiple");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains($"VM {Scene.WebUuid} (web) must be halted for this, but is running.", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, pool.Trace.Count(t => t.StartsWith("Async.VM.start ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_disk_goes_up_and_comes_down_as_it_is()
    {
        await using var pool = await Scene.StartAsync();
        var folder = Directory.CreateTempSubdirectory();
        var (from, to) = (Path.Combine(folder.FullName, "from"), Path.Combine(folder.FullName, "to"));
        await File.WriteAllBytesAsync(from, Encoding.UTF8.GetBytes(new string('x', 300_000)), TestContext.Current.CancellationToken);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"vdi-import uuid={Scene.DiskUuid} filename={from} format=qcow2")).ExitCode);
        Assert.Equal(["PUT qcow2 True"], pool.Trace);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"vdi-export uuid={Scene.DiskUuid} filename={to}")).ExitCode);
        Assert.Equal(
            await File.ReadAllBytesAsync(from, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(to, TestContext.Current.CancellationToken));

        var again = await CliRun.AgainstAsync(pool, $"vdi-export uuid={Scene.DiskUuid} filename={to}");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("can't be written", again.Error, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_console_log_is_read_to_its_end()
    {
        await using var pool = await Scene.StartAsync();
        var log = new Dictionary<string, string> { ["0"] = "one\ntwö\n", ["9"] = "three\n" };
        pool.On("VM.get_console_log", a => new WireString(log.GetValueOrDefault(FakeDatabase.Text(a[1]), "")));
        Assert.Equal("one\ntwö\nthree\n", (await CliRun.AgainstAsync(pool, $"console-log uuid={Scene.WebUuid}")).Output);
    }

    [Fact]
    public async Task The_console_log_is_read_from_where_what_is_kept_begins()
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.get_console_log", a => FakeDatabase.Text(a[1]) switch
        {
            "0" => throw new XenApiException("VALUE_NOT_SUPPORTED", "offset", "0", "gone"),
            "9" => new WireString("kept\n"),
            _ => new WireString(""),
        });
        pool.On("VM.get_console_log_begin", _ => new WireString("9"));
        var run = await CliRun.AgainstAsync(pool, $"console-log uuid={Scene.WebUuid}");
        Assert.Equal("kept\n", run.Output);
        Assert.Contains("before byte 9", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_wait_ends_when_the_conditions_hold()
    {
        await using var pool = await Scene.StartAsync();
        var rounds = 0;
        pool.On("event.from", _ =>
        {
            if (++rounds == 3)
            {
                pool.Database.TryAct("VM.set_power_state", [new WireString("OpaqueRef:" + Scene.DbUuid), new WireString("Running")]);
            }

            return new WireStruct([new("token", new WireString($"{rounds}"))]);
        });
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"event-wait class=vm uuid={Scene.DbUuid} power-state=running")).ExitCode);
        Assert.Equal(3, rounds);
    }
}
