using System.Collections.Immutable;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A backup as backup programs make it, of a guest that writes all the time: whole at first, then by what has changed, over NBD; with
/// daemon and guest killed in between. What was put together is what the snapshot holds, to the byte.
/// </summary>
public sealed class BackupToolTests
{
    private const int Block = 64 << 10;

    private static readonly string[] Options = ["--listen", "https://127.0.0.1:0", "--nbd-port", "0"];

    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_by_changed_blocks_is_what_the_snapshot_holds_whatever_was_killed_since_the_last_one()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site", Options);
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await site.Api.Vm.GetByUuidAsync(guest.Uuid, Stop);
        var network = await _shell.RunAsync(site, "network-create name-label=backups bridge=lo");
        await _shell.RunAsync(site, $"network-param-add uuid={network} param-name=purpose param-key=nbd");
        await _shell.RunAsync(site, "vm-start vm=alone");
        foreach (var disk in await DisksAsync(site, vm))
        {
            await _shell.RunAsync(site, $"vdi-enable-cbt uuid={await site.Api.Vdi.GetUuidAsync(disk, Stop)}");
        }

        await DemoGuests.CountsPastAsync(site, guest, 3);

        // Whole, by QEMU's own program; then the data goes, and what it is compared by stays.
        var backup = new Dictionary<Ref<VdiRecord>, (byte[] Bytes, Ref<VdiRecord> Snapshot)>();
        var first = await SnapshotAsync(site, vm);
        foreach (var (disk, snapshot) in first.Disks)
        {
            backup[disk] = (await ReadWholeAsync(bench, site, snapshot), snapshot);
        }

        await DestroyDataAsync(site, first);

        // The daemon is killed, and the guest counts on; a client that read then reads no longer, and QEMU has let the disk go.
        var reading = await SnapshotAsync(site, vm);
        await using (var client = await ConnectAsync(site, reading.Disks.Values.First()))
        {
            Assert.NotEmpty(Engines(site));
            await KillAsync(site);
            Assert.True(await client.IsAtEndAsync());
            await Patience.UntilAsync(() => !Engines(site).Any(), "QEMU has let the disk go");
        }

        site = await bench.StartAsync("site", Options);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.DataDirectory, "scratch")));
        await _shell.RunAsync(site, $"snapshot-uninstall uuid={await site.Api.Vm.GetUuidAsync(reading.Vm, Stop)} --force");
        await DemoGuests.CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 2);
        var second = await SnapshotAsync(site, vm);
        await FollowAsync(bench, site, backup, second);

        // The guest's QEMU is killed while it writes; the guest is started again, as its VM says.
        await DestroyDataAsync(site, second);
        await DemoGuests.CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 2);
        await GuestProcesses.KillAsync(site.DataDirectory + "/");
        await Patience.UntilAsync(() => DemoGuests.BootsOf(site, guest) == 2, "it has booted again");
        await DemoGuests.CountsPastAsync(site, guest, 3);
        var third = await SnapshotAsync(site, vm);
        await FollowAsync(bench, site, backup, third);

        // The daemon is killed while it destroys data, at any step: what is told is the same before and after. The first time only counts.
        await site.Api.Vm.DestroyAsync(third.Vm, Stop);
        await DemoGuests.CountsPastAsync(site, guest, guest.Read(site).LastCount!.Value + 2);
        await _shell.RunAsync(site, "vm-shutdown vm=alone --force");
        Ref<VdiRecord> written = default;
        var told = new List<int>();
        foreach (var (disk, before) in third.Disks)
        {
            var changed = await ChangedAsync(site, before, disk);
            (written, told) = changed.Count > told.Count ? (disk, changed) : (written, told);
        }

        Assert.NotEmpty(told);
        var steps = 0;
        foreach (var at in Kills.Draw("data-destroy", () => steps, samples: 3))
        {
            var snapshot = await site.Api.Vdi.SnapshotAsync(written, ImmutableSortedDictionary<string, string>.Empty, Stop);
            Assert.Equal(told, await ChangedAsync(site, third.Disks[written], snapshot));
            var isDone = false;
            using (var kill = new KillAt(site.Daemon, site.DataDirectory, site.Storage, at))
            {
                try
                {
                    await site.Api.Vdi.DataDestroyAsync(snapshot, Stop);
                    isDone = true;
                }
                catch (Exception cut) when (cut is XenApiTransportException or XenApiException)
                {
                    Assert.True(await Bench.HasEndedAsync(site.Daemon), $"at change {at} of {steps}: {cut.Message}");
                }

                steps = at == int.MaxValue ? kill.Seen : steps;
            }

            await KillAsync(site);
            site = await bench.StartAsync("site", Options);
            Assert.Equal(told, await ChangedAsync(site, third.Disks[written], snapshot));
            Assert.Empty(await ChangedAsync(site, snapshot, written));
            var now = await site.Api.Vdi.GetRecordAsync(snapshot, Stop);
            Assert.DoesNotContain(now.SmConfig.Keys, k => k == Marks.DataIsThere);
            Assert.Contains(now.Type, isDone ? [VdiType.CbtMetadata] : new[] { VdiType.User, VdiType.CbtMetadata });
            await site.Api.Vdi.DataDestroyAsync(snapshot, Stop);
            Assert.Equal(VdiType.CbtMetadata, (await site.Api.Vdi.GetRecordAsync(snapshot, Stop)).Type);
            Assert.Equal(told, await ChangedAsync(site, third.Disks[written], snapshot));
            Assert.Empty(await ChangedAsync(site, snapshot, written));
            await site.Api.Vdi.DestroyAsync(snapshot, Stop);
        }
    }

    private static async Task<List<Ref<VdiRecord>>> DisksAsync(DemoSite site, Ref<VmRecord> vm)
    {
        var disks = new List<Ref<VdiRecord>>();
        foreach (var vbd in await site.Api.Vm.GetVbdsAsync(vm, Stop))
        {
            disks.Add(await site.Api.Vbd.GetVdiAsync(vbd, Stop));
        }

        return disks;
    }

    private static async Task<(Ref<VmRecord> Vm, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> Disks)> SnapshotAsync(
        DemoSite site, Ref<VmRecord> vm)
    {
        var snapshot = await site.Api.Vm.SnapshotAsync(vm, "backup", [], Stop);
        var disks = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        foreach (var disk in await DisksAsync(site, snapshot))
        {
            disks[await site.Api.Vdi.GetSnapshotOfAsync(disk, Stop)] = disk;
        }

        return (snapshot, disks);
    }

    private static async Task DestroyDataAsync(DemoSite site, (Ref<VmRecord> Vm, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> Disks) snapshot)
    {
        await site.Api.Vm.DestroyAsync(snapshot.Vm, Stop);
        foreach (var disk in snapshot.Disks.Values)
        {
            await site.Api.Vdi.DataDestroyAsync(disk, Stop);
        }
    }

    // What has changed since the last backup, read over NBD and put into it, is the next one.
    private static async Task FollowAsync(
        Bench bench, DemoSite site, Dictionary<Ref<VdiRecord>, (byte[] Bytes, Ref<VdiRecord> Snapshot)> backup,
        (Ref<VmRecord> Vm, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> Disks) snapshot)
    {
        var all = 0;
        foreach (var (disk, now) in snapshot.Disks)
        {
            var (bytes, before) = backup[disk];
            var changed = await ChangedAsync(site, before, now);
            Assert.True(changed.Count < bytes.Length / Block);
            all += changed.Count;
            await using (var client = await ConnectAsync(site, now))
            {
                foreach (var block in changed)
                {
                    var length = Math.Min(Block, bytes.Length - (block * Block));
                    (await client.ReadDiskAsync((long)block * Block, length)).CopyTo(bytes, block * Block);
                }
            }

            Assert.Equal(await ReadWholeAsync(bench, site, now), bytes);
            backup[disk] = (bytes, now);
        }

        Assert.True(all > 0, "a guest that writes has changed something");
    }

    private static async Task<List<int>> ChangedAsync(DemoSite site, Ref<VdiRecord> from, Ref<VdiRecord> to)
    {
        var bitmap = Convert.FromBase64String(await site.Api.Vdi.ListChangedBlocksAsync(from, to, Stop));
        return [.. Enumerable.Range(0, bitmap.Length * 8).Where(i => (bitmap[i / 8] & (0x80 >> (i % 8))) != 0)];
    }

    private static async Task<VdiNbdServerInfoRecord> InfoAsync(DemoSite site, Ref<VdiRecord> disk) =>
        (await site.Api.Vdi.GetNbdInfoAsync(disk, Stop)).Single(i => i.Address == "127.0.0.1");

    private static async Task<NbdClient> ConnectAsync(DemoSite site, Ref<VdiRecord> disk)
    {
        var info = await InfoAsync(site, disk);
        var client = await NbdClient.ConnectSecurelyAsync((int)info.Port, info.Cert);
        Assert.Equal(await site.Api.Vdi.GetVirtualSizeAsync(disk, Stop), await client.OpenAsync(info.Exportname, hasZeros: false));
        return client;
    }

    private static async Task<byte[]> ReadWholeAsync(Bench bench, DemoSite site, Ref<VdiRecord> disk)
    {
        var info = await InfoAsync(site, disk);
        var directory = Directory.CreateDirectory(Path.Combine(bench.Directory, "backup")).FullName;
        var copy = Path.Combine(directory, "copy.raw");
        await File.WriteAllTextAsync(Path.Combine(directory, "ca-cert.pem"), info.Cert, Stop);
        Assert.True(await Programs.RunAsync(
            "qemu-img", "convert", "--object", $"tls-creds-x509,id=tls,endpoint=client,sanity-check=off,dir={directory}", "--image-opts",
            $"driver=nbd,host={info.Address},port={info.Port},export={info.Exportname},tls-creds=tls,tls-hostname={info.Subject}", "-O",
            "raw", copy));
        return await File.ReadAllBytesAsync(copy, Stop);
    }

    private static async Task KillAsync(DemoSite site)
    {
        if (!site.Daemon.HasExited)
        {
            site.Daemon.Kill();
        }

        await site.Daemon.WaitForExitAsync(Stop);
    }

    // QEMU's processes that serve disks of the site, known by where they work.
    private static IEnumerable<string> Engines(DemoSite site) => ProcessesIn(Path.Combine(site.DataDirectory, "scratch"));

    private static IEnumerable<string> ProcessesIn(string directory) => Directory.EnumerateDirectories("/proc")
        .Where(p => int.TryParse(Path.GetFileName(p), out _) && WorksIn(p)?.StartsWith(directory, StringComparison.Ordinal) == true);

    private static string? WorksIn(string process)
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(process, "cwd"), false)?.FullName;
        }
        catch (Exception others) when (others is UnauthorizedAccessException or IOException)
        {
            // Somebody else's, or one that has just ended.
            return null;
        }
    }
}
