using Redoubt.Cli.Demo;

namespace Redoubt.EndToEnd.Tests;

/// <summary>The commands of docs/operating/storage.md, on what they are for: block devices, and a copy of one at the other site.</summary>
public sealed class StorageTests
{
    private readonly Shell _shell = new();
    private readonly List<string> _devices = [];

    [Fact]
    public async Task What_lies_on_a_block_device_is_protected_tested_and_recovered_from_a_copy_of_the_device()
    {
        await using var bench = new Bench();
        try
        {
            var (image, copy) = (Path.Combine(bench.Directory, "lun"), Path.Combine(bench.Directory, "mirror"));
            _shell["DEVICE"] = await AttachAsync(image);
            var primary = await bench.StartAsync("primary", await Pretended.HypervisorAsync(bench));
            var recovery = await bench.StartAsync("recovery", await Pretended.HypervisorAsync(bench));
            await MakeAsync(primary);

            // What an array's mirror has: what was on the device at one moment, with what had not reached it missing.
            await primary.KillAsync();
            File.Copy(image, copy);
            _shell["MIRROR"] = await AttachAsync(copy);
            Assert.Contains(
                "journal", await _shell.FailAsync(recovery, "sr-probe type=xfs device-config:device=$MIRROR"), StringComparison.Ordinal);
            await ReplayAsync(bench);
            await RecoverAsync(recovery, copy);
            await RefusedAsync(recovery);
            Assert.Empty(_shell.NotRunOf("storage.md"));
        }
        finally
        {
            await EndAsync(bench);
        }
    }

    private async Task MakeAsync(DemoSite primary)
    {
        _shell["SR"] = await _shell.RunAsync(primary, "sr-create type=xfs name-label=disks shared=true device-config:device=$DEVICE");
        await _shell.RunAsync(primary, "sr-enable-database-replication uuid=$SR");
        _shell["VM"] = await _shell.RunAsync(primary, "vm-create name-label=shop memory=64MiB");
        _shell["VDI"] = await _shell.RunAsync(primary, "vdi-create sr-uuid=$SR name-label=system virtual-size=1MiB");
        await _shell.RunAsync(primary, "vbd-create vm-uuid=$VM vdi-uuid=$VDI device=0");
        await InsertAsync(primary);
        await _shell.RunAsync(primary, "vm-start uuid=$VM");
        Assert.Contains("healthy", await _shell.RunAsync(primary, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
        await _shell.RunAsync(primary, "dr-plan-save name=everything sr-uuid=$SR");

        // Nothing that is on a device is ever formatted.
        Assert.Contains("was left as it is", (await _shell.TryAsync(
            primary, "sr-create type=ext name-label=other device-config:device=$DEVICE")).Error, StringComparison.Ordinal);
    }

    private async Task InsertAsync(DemoSite primary)
    {
        _shell["IMAGES"] = Directory.CreateDirectory(Path.Combine(primary.Storage, "images")).FullName;
        await File.WriteAllBytesAsync(
            Path.Combine(_shell["IMAGES"], "install.iso"), new byte[64 << 10], TestContext.Current.CancellationToken);
        _shell["ISO"] = await _shell.RunAsync(
            primary, "sr-create type=iso name-label=images content-type=iso device-config:location=$IMAGES");
        Assert.Contains(
            "install.iso", await _shell.RunAsync(primary, "vdi-list sr-uuid=$ISO params=uuid,name-label"), StringComparison.Ordinal);
        _shell["CD"] = (await _shell.TryAsync(primary, "vdi-list sr-uuid=$ISO name-label=install.iso --minimal")).Output.Trim();
        await _shell.RunAsync(primary, "vbd-create vm-uuid=$VM vdi-uuid=$CD device=3 type=CD mode=RO");
        Assert.NotEqual(0, (await _shell.TryAsync(primary, "vdi-destroy uuid=$CD")).ExitCode);

        // The other site has no such folder, and the VM needs none to run.
        await _shell.TryAsync(primary, "vbd-destroy uuid=" + await CdDriveAsync(primary));
    }

    private async Task<string> CdDriveAsync(DemoSite primary) =>
        (await _shell.TryAsync(primary, "vbd-list vm-uuid=$VM type=CD --minimal")).Output.Trim();

    private async Task RecoverAsync(DemoSite recovery, string copy)
    {
        var before = await DigestAsync(copy);
        Assert.Contains(
            _shell["SR"], await _shell.RunAsync(recovery, "sr-probe type=xfs device-config:device=$MIRROR"), StringComparison.Ordinal);
        _shell["TASK"] = await _shell.RunAsync(recovery, "drtask-create type=xfs device-config:device=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-test plan=everything");
        await _shell.RunAsync(recovery, "drtask-destroy uuid=$TASK");
        Assert.Equal(before, await DigestAsync(copy));

        await _shell.RunAsync(recovery, "drtask-create type=xfs device-config:device=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-failover plan=everything source-dead=primary --yes");
        Assert.Contains("running", await _shell.RunAsync(recovery, "vm-list name-label=shop params=power-state"), StringComparison.Ordinal);
        Assert.Contains("healthy", await _shell.RunAsync(recovery, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
    }

    /// <summary>What can't be had here is said in a sentence: a server that is none, and what this kernel does not speak.</summary>
    private async Task RefusedAsync(DemoSite recovery)
    {
        _shell["SERVER"] = "127.0.0.1";
        foreach (var (command, says) in new[]
        {
            ("sr-probe type=nfs device-config:server=$SERVER", "serverpath"),
            ("sr-create type=nfs name-label=nas shared=true device-config:server=$SERVER device-config:serverpath=/srv/vms "
                + "device-config:nfsversion=4.1", "127.0.0.1:/srv/vms"),
        })
        {
            var error = await _shell.FailAsync(recovery, command);
            Assert.Contains(says, error, StringComparison.Ordinal);
        }
    }

    private async Task ReplayAsync(Bench bench)
    {
        var once = Directory.CreateDirectory(Path.Combine(bench.Directory, "once")).FullName;
        Assert.Equal(0, (await Programs.ReadAsync("mount", "-o", "nouuid", _shell["MIRROR"], once)).ExitCode);
        Assert.Equal(0, (await Programs.ReadAsync("umount", once)).ExitCode);
    }

    private async Task<string> AttachAsync(string image)
    {
        if (!File.Exists(image))
        {
            await using var made = File.Create(image);
            made.SetLength(320 << 20);
        }

        var (exitCode, device) = await Programs.ReadAsync("losetup", "--find", "--show", image);
        Assert.SkipUnless(exitCode == 0, "A block device can't be made here.");
        _devices.Add(device.Trim());
        return device.Trim();
    }

    private static async Task<string> DigestAsync(string image)
    {
        await using var content = File.OpenRead(image);
        return Convert.ToHexString(await System.Security.Cryptography.SHA256.HashDataAsync(content, TestContext.Current.CancellationToken));
    }

    private async Task EndAsync(Bench bench)
    {
        foreach (var line in (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Where(
            l => l.Contains(bench.Directory, StringComparison.Ordinal)))
        {
            await Programs.ReadAsync("umount", "-l", line.Split(' ')[4]);
        }

        foreach (var device in _devices)
        {
            await Programs.ReadAsync("losetup", "--detach", device);
        }
    }
}
