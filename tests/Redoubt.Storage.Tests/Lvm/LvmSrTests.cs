using Redoubt.Storage.LvmDriver;
using Redoubt.Storage.Tests.Mounted;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Lvm;

/// <summary>What SRs in volume groups promise beyond what all drivers do, as far as it takes no device mapper.</summary>
public sealed class LvmSrTests
{
    [Fact]
    public async Task An_SR_is_made_on_an_empty_device_and_again_where_one_was_destroyed()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, other) = (NewSr(), NewSr());
        Assert.Empty(await site.Driver.ProbeAsync(site.Config(), Token));
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        var found = Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token));
        Assert.Equal((uuid, null), (found.Uuid, found.Unreadable));
        Assert.InRange(found.PhysicalSizeBytes, 48 * Mib, 64 * Mib);
        Assert.Contains($"redoubt-{uuid}", await FailsAsync(
            42, () => site.Driver.CreateAsync(other, site.Config(), Token)), StringComparison.Ordinal);
        await FailsAsync(47, () => site.Driver.AttachAsync(other, site.Config(), SrAccess.ReadWrite, Token));
        await site.Driver.DestroyAsync(other, site.Config(), Token);
        await site.Driver.DestroyAsync(uuid, site.Config(), Token);
        await site.Driver.DestroyAsync(uuid, site.Config(), Token);
        Assert.Empty(await site.Driver.ProbeAsync(site.Config(), Token));
        await site.Driver.CreateAsync(other, site.Config(), Token);
        Assert.Equal(other, Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token)).Uuid);
    }

    [Fact]
    public async Task Looking_leaves_every_byte_of_a_device()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, disk, volume) = (NewSr(), NewVdi(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{disk}", 1024);
        await MakeAsync(site, uuid, $"{volume}.m", 5 * Mib);
        await MakeAsync(site, uuid, $"{NewVdi()}.n012345", Mib);
        var before = await site.DigestAsync();

        var found = Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token));
        Assert.Equal((volume, 5 * Mib), (Assert.Single(found.Metadata).Uuid, found.Metadata[0].VirtualSizeBytes));
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token);
        var scanned = (await sr.ScanAsync(Token)).ToDictionary(v => v.Uuid);
        Assert.Equal(2, scanned.Count);
        Assert.Equal((VdiType.User, 1024, 4 * Mib), Of(scanned[disk]));
        Assert.Equal((VdiType.Metadata, 5 * Mib, 8 * Mib), Of(scanned[volume]));
        Assert.Equal(scanned[disk], await sr.StatVdiAsync(disk, Token));
        Assert.Equal(await sr.GetMarkAsync(null, Token), await sr.GetMarkAsync(null, Token));
        var measured = await sr.StatAsync(Token);
        Assert.Equal(20 * Mib, measured.PhysicalUtilisationBytes);
        await FailsAsync("OPERATION_NOT_ALLOWED", () => sr.ProveWritesAsync(Token));
        Assert.Equal(before, await site.DigestAsync());

        static (VdiType, long, long) Of(VdiState v) => (v.Type, v.VirtualSizeBytes, v.PhysicalUtilisationBytes);
    }

    [Fact]
    public async Task A_copy_of_a_device_is_never_taken_for_the_device()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, both, added) = (NewSr(), NewVdi(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{both}", Mib);
        await site.DigestAsync();
        File.Copy(site.Image(), site.In("copy"));
        await site.AddDiskAsync(0, site.In("copy"));
        await MakeAsync(site, uuid, $"{added}", Mib);

        var copy = await site.DigestAsync(1);
        await using var original = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        await using var other = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadOnly, Token);
        Assert.Equal(2, (await original.ScanAsync(Token)).Count);
        Assert.Equal(both, Assert.Single(await other.ScanAsync(Token)).Uuid);
        await original.ProveWritesAsync(Token);
        Assert.Equal(copy, await site.DigestAsync(1));
    }

    [Fact]
    public async Task A_volume_group_of_XenServers_is_named_and_left_alone()
    {
        await using var site = await LvmSite.OpenAsync();
        var uuid = NewSr();
        await LvmAsync("vgcreate", site.Device, $"VG_XenStorage-{uuid}", site.Device);
        await LvmAsync("lvcreate", site.Device, "-an", "-Zn", "-Wn", "-y", "-l", "1", "-n", "MGT", $"VG_XenStorage-{uuid}");
        await LvmAsync("lvcreate", site.Device, "-an", "-Zn", "-Wn", "-y", "-l", "2", "-n", $"VHD-{NewVdi()}", $"VG_XenStorage-{uuid}");
        var before = await site.DigestAsync();
        var found = Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token));
        Assert.Equal(uuid, found.Uuid);
        Assert.Contains("XenServer", found.Unreadable, StringComparison.Ordinal);
        foreach (var access in Enum.GetValues<SrAccess>())
        {
            Assert.Contains("XenServer", await FailsAsync(
                47, () => site.Driver.AttachAsync(uuid, site.Config(), access, Token)), StringComparison.Ordinal);
        }

        await FailsAsync(42, () => site.Driver.CreateAsync(uuid, site.Config(), Token));
        await FailsAsync(47, () => site.Driver.DestroyAsync(uuid, site.Config(), Token));
        Assert.Equal(before, await site.DigestAsync());
    }

    [Theory]
    [InlineData("ext4", "mkfs.ext4")]
    [InlineData("vg0", "vgcreate")]
    [InlineData("something that is not known", "bytes")]
    public async Task A_device_that_holds_anything_is_left_as_it_is(string content, string by)
    {
        await using var site = await LvmSite.OpenAsync();
        switch (by)
        {
            case "vgcreate":
                await LvmAsync("vgcreate", site.Device, "vg0", site.Device);
                break;
            case "bytes":
                await File.WriteAllBytesAsync(site.Device, [1, 2, 3], Token);
                break;
            default:
                await LoopDisk.RunAsync(by, "-q", site.Device);
                break;
        }

        var before = await site.DigestAsync();
        Assert.Contains(content, await FailsAsync(
            42, () => site.Driver.CreateAsync(NewSr(), site.Config(), Token)), StringComparison.Ordinal);
        await FailsAsync(47, () => site.Driver.AttachAsync(NewSr(), site.Config(), SrAccess.ReadWrite, Token));
        Assert.Empty(await site.Driver.ProbeAsync(site.Config(), Token));
        await site.Driver.DestroyAsync(NewSr(), site.Config(), Token);
        Assert.Equal(before, await site.DigestAsync());
    }

    [Fact]
    public async Task A_volume_group_of_ours_that_somebody_else_has_taken_or_stretched_is_not_used()
    {
        await using var site = await LvmSite.OpenAsync();
        var uuid = NewSr();
        await site.AddDiskAsync(64 << 20);
        await LvmAsync("vgcreate", "loop", $"redoubt-{uuid}", site.Device, site.Config(1)["device"]);
        Assert.Contains("belongs to nobody", await FailsAsync(
            47, () => site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token)), StringComparison.Ordinal);
        Assert.NotNull(Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token)).Unreadable);
        await LvmAsync("vgchange", "loop", "-y", "--systemid", "redoubt", $"redoubt-{uuid}");
        Assert.Contains("2 devices", await FailsAsync(
            47, () => site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_group_that_is_full_is_named_and_keeps_what_it_has()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, kept) = (NewSr(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{kept}", 32 * Mib);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        Assert.Contains(site.Device, await FailsAsync(
            44, () => sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = 48 * Mib }, Token)), StringComparison.Ordinal);
        Assert.Equal(kept, Assert.Single(await sr.ScanAsync(Token)).Uuid);
    }

    [Fact]
    public async Task A_device_that_can_only_be_read_is_named_and_can_be_looked_at()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, disk) = (NewSr(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{disk}", Mib);
        await site.DigestAsync();
        await site.AddDiskAsync(0, site.Image(), isReadOnly: true);
        Assert.Contains("can't be written", await FailsAsync(
            47, () => site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadWrite, Token)), StringComparison.Ordinal);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(1), SrAccess.ReadOnly, Token);
        Assert.Equal(disk, Assert.Single(await sr.ScanAsync(Token)).Uuid);
    }

    [Fact]
    public async Task A_device_that_has_gone_and_metadata_that_is_garbled_are_told()
    {
        await using var site = await LvmSite.OpenAsync();
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        await using (var device = File.OpenWrite(site.Device))
        {
            // What LVM has written in text lies from here on, after its label and the head of its area.
            device.Seek(4096 + 512, SeekOrigin.Begin);
            await device.WriteAsync(Content(64 << 10, 1), Token);
        }

        await FailsAsync(47, () => sr.ScanAsync(Token));
        await FailsAsync(47, () => site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token));
        await FailsAsync(47, () => site.Driver.CreateAsync(uuid, site.Config(), Token));
        await FailsAsync(47, () => site.Driver.CreateAsync(NewSr(), site.Config(), Token));
        var gone = new Dictionary<string, string> { ["device"] = "/dev/redoubt-is-not-there" };
        Assert.Contains("not there", await FailsAsync(
            47, () => site.Driver.AttachAsync(uuid, gone, SrAccess.ReadOnly, Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Volumes_that_are_no_disks_keep_an_SR_from_being_destroyed()
    {
        await using var site = await LvmSite.OpenAsync();
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, "notes", Mib);
        Assert.Contains("notes", await FailsAsync(
            39, () => site.Driver.DestroyAsync(uuid, site.Config(), Token)), StringComparison.Ordinal);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadOnly, Token);
        Assert.Empty(await sr.ScanAsync(Token));
    }

    [Fact]
    public async Task What_was_being_made_an_hour_ago_is_swept_by_the_host_that_made_it_and_by_no_other()
    {
        Assert.SkipWhen(LvmTools.ThisHost is null, "This host has no identity (/etc/machine-id).");
        await using var site = await LvmSite.OpenAsync();
        var (uuid, disk, replaced) = (NewSr(), NewVdi(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        foreach (var name in new[] { $"{disk}", $"{disk}.n012345", $"{NewVdi()}.n678901", $"{replaced}.next" })
            await MakeAsync(site, uuid, name, Mib);
        await LvmAsOursAsync("lvcreate", site.Device, "-an", "-Zn", "-Wn", "-y", "-l", "1", "-n", $"{disk}.n234567", $"redoubt-{uuid}");
        var tools = new LvmTools(site.Device, TimeProvider.System);

        await (await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token)).DisposeAsync();
        Assert.Equal(5, (await tools.LookAsync(Token))!.Volumes.Length);

        var clock = new ShiftedClock();
        clock.Advance(TimeSpan.FromHours(2));
        var later = new LvmSrDriver(Sample.Images, site.In("scratch"), null, clock);
        await using var sr = await later.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        Assert.Equal(
            new[] { $"{disk}", $"{disk}.n234567", $"{replaced}" }.Order(StringComparer.Ordinal),
            (await tools.LookAsync(Token))!.Volumes.Select(v => $"{v.Name}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Of_two_volumes_that_claim_to_be_a_disk_none_is_removed()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, disk) = (NewSr(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{disk}", Mib);
        await MakeAsync(site, uuid, $"{disk}.m", Mib);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        Assert.NotNull(Assert.Single(await sr.ScanAsync(Token)).Unreadable);
        await FailsAsync(65, () => sr.DestroyVdiAsync(disk, Token));
        await FailsAsync(43, () => sr.CreateVdiAsync(new VdiConfig { Uuid = disk, VirtualSizeBytes = 512 }, Token));
        Assert.Single(await sr.ScanAsync(Token));
    }

    [Fact]
    public async Task A_disk_is_removed_where_nobody_shows_it_and_one_can_not_be_made_where_nobody_could()
    {
        Assert.SkipWhen(
            File.ReadAllText("/proc/misc").Contains("device-mapper", StringComparison.Ordinal), "This machine has a device mapper.");
        await using var site = await LvmSite.OpenAsync();
        var (uuid, disk) = (NewSr(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        await MakeAsync(site, uuid, $"{disk}", Mib);
        await using var sr = await site.Driver.AttachAsync(uuid, site.Config(), SrAccess.ReadWrite, Token);
        Assert.Contains("dm-mod", await FailsAsync(
            202, () => sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib }, Token)), StringComparison.Ordinal);
        Assert.Single((await new LvmTools(site.Device, TimeProvider.System).LookAsync(Token))!.Volumes);
        await sr.DestroyVdiAsync(disk, Token);
        await sr.DestroyVdiAsync(disk, Token);
        Assert.Empty((await new LvmTools(site.Device, TimeProvider.System).LookAsync(Token))!.Volumes);
    }

    [Fact]
    public async Task A_device_lies_where_the_administrator_of_the_host_allows_also_behind_a_link()
    {
        await using var site = await LvmSite.OpenAsync();
        var link = site.In("link");
        File.CreateSymbolicLink(link, site.Device);
        var linked = new Dictionary<string, string> { ["device"] = link };
        var elsewhere = site.DriverWith(new HostRoots([], ["/srv/storage"], "/var/lib/own"));
        foreach (var config in new[] { site.Config(), linked })
        {
            await FailsAsync(91, () => elsewhere.CreateAsync(NewSr(), config, Token));
            await FailsAsync(91, () => elsewhere.ProbeAsync(config, Token));
            await FailsAsync(91, () => elsewhere.AttachAsync(NewSr(), config, SrAccess.ReadOnly, Token));
            await FailsAsync(91, () => elsewhere.DestroyAsync(NewSr(), config, Token));
        }

        var uuid = NewSr();
        await site.DriverWith(new HostRoots([], [site.Device], "/var/lib/own")).CreateAsync(uuid, linked, Token);
        Assert.Equal(uuid, Assert.Single(await site.Driver.ProbeAsync(site.Config(), Token)).Uuid);
    }

    [Fact]
    public async Task A_probe_without_a_device_lists_those_that_nobody_uses()
    {
        await using var site = await LvmSite.OpenAsync();
        var failure = await Assert.ThrowsAsync<XenApi.XenApiException>(
            () => site.Driver.ProbeAsync(new Dictionary<string, string>(), Token));
        Assert.Equal("SR_BACKEND_FAILURE_90", failure.Code);
        Assert.Contains(
            System.Xml.Linq.XElement.Parse(failure.Parameters[2]).Elements("BlockDevice"), d => (string?)d.Element("path") == site.Device);
    }

    [Fact]
    public async Task A_disk_is_shown_piece_by_piece_and_no_further_than_its_end()
    {
        await using var site = await LvmSite.OpenAsync();
        var (uuid, first, disk) = (NewSr(), NewVdi(), NewVdi());
        await site.Driver.CreateAsync(uuid, site.Config(), Token);
        var tools = new LvmTools(site.Device, TimeProvider.System);
        await MakeAsync(site, uuid, $"{disk}", 4 * Mib);
        await MakeAsync(site, uuid, $"{first}", 4 * Mib);
        await tools.ExtendAsync(uuid, new LvmName { Vdi = disk }, 9 * Mib, Token);
        var group = (await tools.LookAsync(Token))!;
        var (volume, first512) = (group.Find(disk)! with { SizeBytes = (5 * Mib) + 512 }, group.ProofAt!.Value / 512);
        var number = (await LoopDisk.RunAsync("lsblk", "-dno", "MAJ:MIN", site.Device)).Trim();
        Assert.Equal(
            $"0 8192 linear {number} {first512 + 8192}\n8192 2049 linear {number} {first512 + 24576}",
            MappedVolumes.TableOf(site.Device, volume));
    }

    private static Task<bool> MakeAsync(LvmSite site, SrUuid sr, string name, long bytes) =>
        new LvmTools(site.Device, TimeProvider.System).TryCreateAsync(sr, name, bytes, Token);

    // As an administrator would, of a host whose kernel has no device mapper; also one who says that a volume group of ours is his.
    private static Task<string> LvmAsync(string command, string device, params string[] words) => RunAsync("", command, device, words);

    private static Task<string> LvmAsOursAsync(string command, string device, params string[] words) =>
        RunAsync("global { system_id_source=lvmlocal } local { system_id=redoubt }", command, device, words);

    private static Task<string> RunAsync(string more, string command, string device, string[] words) => LoopDisk.RunAsync(
        "lvm",
        [
            command, "--config",
            $"devices {{ filter=[\"a|{device}|\",\"r|.*|\"] use_devicesfile=0 }} global {{ activation=0 }} "
                + $"backup {{ backup=0 archive=0 }} {more}",
            .. words,
        ]);
}
