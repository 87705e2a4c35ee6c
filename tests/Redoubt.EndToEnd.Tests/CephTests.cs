using System.Diagnostics;
using System.Text;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>The commands of docs/operating/ceph.md with real guests, on a real cluster that two sites share.</summary>
public sealed class CephTests
{
    private readonly Shell _shell = new();
    private readonly DemoGuest[] _guests = [new("db", 0, 0, true)];
    private readonly Production _production;

    public CephTests() => _production = new(_shell, _guests);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_lies_on_Ceph_is_protected_tested_while_it_runs_and_recovered_by_the_other_site()
    {
        await using var ceph = await SmallCeph.StartAsync("vms");
        ceph.Require();
        await using var bench = new Bench();
        _shell["KEYFILE"] = Path.Combine(bench.Directory, "key");
        await File.WriteAllTextAsync(_shell["KEYFILE"], ceph.Key, Stop);
        _shell["MONITORS"] = $"127.0.0.1:{ceph.Port}";
        var primary = await bench.StartAsync("primary");
        await MakeAsync(primary);
        var recovery = await bench.StartAsync("recovery");
        await _production.ConnectAsync(recovery);

        // What is tested with is a snapshot, so production may go on meanwhile.
        await TestAsync(recovery);
        RequireHidden(ceph.Key!, bench);

        var before = _production.Counts(primary);
        await primary.KillAsync();
        await _shell.RunAsync(recovery, "dr-failover plan=everything source-dead=primary --yes");
        await Patience.UntilAsync(() => _production.Counts(recovery)["db"] > before["db"], "the guest counts on");
        Assert.InRange(_guests[0].Read(recovery).ResumedFrom, before["db"] - 20, long.MaxValue);
        Assert.Contains("healthy", await _shell.RunAsync(recovery, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
        RequireHidden(ceph.Key!, bench);
        await RequireHiddenOnCephAsync(ceph, bench);
        Assert.Empty(_shell.NotRunOf("ceph.md"));
    }

    private async Task MakeAsync(DemoSite primary)
    {
        _shell["SECRET"] = await _shell.RunAsync(primary, "secret-create password-file=$KEYFILE");
        Assert.Contains("vms", await _shell.FailAsync(
            primary, "sr-probe type=rbd device-config:monitors=$MONITORS device-config:user=redoubt device-config:key_secret=$SECRET"),
            StringComparison.Ordinal);
        _shell["SR"] = await _shell.RunAsync(
            primary, "sr-create type=rbd name-label=ceph shared=true device-config:monitors=$MONITORS device-config:pool=vms "
                + "device-config:user=redoubt device-config:key_secret=$SECRET");
        await _shell.RunAsync(primary, "sr-enable-database-replication uuid=$SR");
        await DemoGuests.BuildAsync(primary, await primary.CallAsync<Ref<SrRecord>>("SR.get_by_uuid", Stop, _shell["SR"]), _guests);
        await _shell.RunAsync(primary, "dr-plan-save name=everything sr-uuid=$SR");
        await _shell.RunAsync(primary, "vm-start vm=db");
        await DemoGuests.CountsPastAsync(primary, _guests[0], 3);
        Assert.Contains("healthy", await _shell.RunAsync(primary, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
    }

    private async Task TestAsync(DemoSite recovery)
    {
        _shell["OTHER"] = await _shell.RunAsync(recovery, "secret-create password-file=$KEYFILE");
        Assert.Contains(_shell["SR"], await _shell.RunAsync(
            recovery, "sr-probe type=rbd device-config:monitors=$MONITORS device-config:pool=vms device-config:user=redoubt "
                + "device-config:key_secret=$OTHER"), StringComparison.Ordinal);
        await _shell.RunAsync(
            recovery, "drtask-create type=rbd device-config:monitors=$MONITORS device-config:pool=vms device-config:user=redoubt "
                + "device-config:key_secret=$OTHER sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-test plan=everything");
    }

    // The key itself, and what it is as bytes and in base64 of its text.
    private void RequireHidden(string key, Bench bench)
    {
        var text = Encoding.ASCII.GetBytes(key);
        byte[][] forms = [text, Convert.FromBase64String(key), Encoding.ASCII.GetBytes(Convert.ToBase64String(text))];
        foreach (var file in Directory.EnumerateFiles(bench.Directory, "*", SearchOption.AllDirectories)
            .Where(f => f != _shell["KEYFILE"]))
        {
            if (new FileInfo(file) is { Length: > 0 and < 64 << 20 })
            {
                var content = File.ReadAllBytes(file);
                Assert.All(forms, form => Assert.True(content.AsSpan().IndexOf(form) < 0, $"The key is in {file}."));
            }
        }

        Assert.DoesNotContain(Bench.ProcessesBelow("/"), c => c.Contains(key, StringComparison.Ordinal));
    }

    private static async Task RequireHiddenOnCephAsync(SmallCeph ceph, Bench bench)
    {
        var volume = Path.Combine(bench.Directory, "volume");
        var names = (await ceph.RunAsync("rbd", "ls", "vms")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(names, n => n.StartsWith("redoubt-t.", StringComparison.Ordinal));
        foreach (var name in names.Where(n => n.EndsWith(".m", StringComparison.Ordinal)))
        {
            File.Delete(volume);
            await ceph.RunAsync("rbd", "export", "--no-progress", $"vms/{name}", volume);
            using var search = Process.Start(
                new ProcessStartInfo("grep", ["-c", "-a", "-F", "-e", ceph.Key!, volume])
                {
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                })!;
            Assert.Equal("0", (await search.StandardOutput.ReadToEndAsync(Stop)).Trim());
        }
    }
}
