using System.Security.Cryptography;
using Redoubt.Cli.Demo;

namespace Redoubt.EndToEnd.Tests;

/// <summary>The commands of docs/operating/xenserver.md, with a real guest whose disks are chains of VHDs beside metadata that nobody has
/// signed.</summary>
public sealed class XenServerTests
{
    // What xapi writes of a metadata volume; our own area lies behind it.
    private const long GenuineBytes = 128L << 20;

    private readonly Shell _shell = new();
    private readonly DemoGuest[] _guests = [new("db", 0, 0, true)];
    private readonly Production _production;

    public XenServerTests() => _production = new(_shell, _guests);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_on_XenServers_disks_is_tested_and_recovered_on_copies_and_counts_on()
    {
        await using var bench = new Bench();
        var primary = await bench.StartAsync("primary");
        await _production.StartAsync(primary);
        var counted = _production.Counts(primary)["db"];
        await primary.KillAsync();
        _shell["XENSERVER"] = Directory.CreateDirectory(Path.Combine(bench.Directory, "xenserver")).FullName;
        await Replica.CopyAsync(
            Directory.EnumerateDirectories(primary.Storage, _shell["SR"], SearchOption.AllDirectories).Single(), _shell["XENSERVER"]);
        var folder = Path.Combine(_shell["XENSERVER"], _shell["SR"]);
        await ConvertAsync(folder);

        var recovery = await bench.StartAsync("recovery");
        await _production.ConnectAsync(recovery);
        await PrepareAsync(bench, recovery);
        var before = Digest(folder);
        await _shell.RunAsync(recovery, "dr-test sr-uuid=$SR accept-volume=$VOLUME");
        await _shell.RunAsync(recovery, "dr-plan sr-uuid=$SR source-dead=$SOURCE accept-volume=$VOLUME");
        await _shell.RunAsync(recovery, "dr-failover sr-uuid=$SR source-dead=$SOURCE accept-volume=$VOLUME --yes");
        await Patience.UntilAsync(() => _production.Counts(recovery)["db"] > counted, "the guest counts on");
        Assert.InRange(_guests[0].Read(recovery).ResumedFrom, counted - 20, long.MaxValue);
        Assert.Equal(before, Digest(folder));
        Assert.Empty(_shell.NotRunOf("xenserver.md"));
    }

    private async Task PrepareAsync(Bench bench, DemoSite recovery)
    {
        _shell["SOURCE"] = "primary";
        _shell["LOCATION"] = Directory.CreateDirectory(Path.Combine(bench.Directory, "own")).FullName;
        _shell["OWN"] = await _shell.RunAsync(
            recovery, "sr-create type=file name-label=own shared=true device-config:location=$LOCATION");
        _shell["POOL"] = (await _shell.TryAsync(recovery, "pool-list --minimal")).Output.Trim();
        await _shell.RunAsync(recovery, "pool-param-set uuid=$POOL default-SR=$OWN");
        var probed = await _shell.RunAsync(recovery, "sr-probe type=file device-config:location=$XENSERVER");
        Assert.Contains(_shell["SR"], probed, StringComparison.Ordinal);
        await _shell.RunAsync(recovery, "drtask-create type=file device-config:location=$XENSERVER sr-whitelist=$SR");
        var listed = await _shell.RunAsync(recovery, "vdi-list sr-uuid=$SR params=uuid,name-label,virtual-size,managed,sm-config");
        Assert.Contains("vhd-parent", listed, StringComparison.Ordinal);
        _shell["VOLUME"] = (await _shell.TryAsync(recovery, "vdi-list sr-uuid=$SR type=Metadata --minimal")).Output.Trim();
    }

    /// <summary>Makes of each disk what a snapshot at XenServer leaves, and of the volume what its xapi would have written.</summary>
    private static async Task ConvertAsync(string folder)
    {
        foreach (var disk in Directory.EnumerateFiles(folder, "*.qcow2").ToList())
        {
            var (raw, snapshot) = (disk + ".flat", $"{Guid.NewGuid()}.vhd");
            Assert.True(await Programs.RunAsync("qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", disk, raw));
            var first = (await File.ReadAllBytesAsync(raw, Stop))[..4096];
            var below = new VhdMaker { SizeBytes = new FileInfo(raw).Length, IsHidden = true }.PutImage(raw);
            below.Put(0, Enumerable.Repeat((byte)0xee, first.Length).ToArray()).Write(Path.Combine(folder, snapshot));
            below.Child($"./{snapshot}").Put(0, first).Write(Path.ChangeExtension(disk, "vhd"));
            File.Delete(disk);
            File.Delete(raw);
        }

        foreach (var volume in Directory.EnumerateFiles(folder, "*.raw"))
        {
            await using var file = File.OpenWrite(volume);
            file.SetLength(GenuineBytes);
        }
    }

    private static List<string> Digest(string folder) =>
        [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(
            f => $"{f} {File.GetLastWriteTimeUtc(f):O} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))}")];
}
