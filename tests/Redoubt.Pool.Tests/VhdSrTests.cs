using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Storage of XenServer's in a pool: what is listed of it, and what becomes of VMs whose disks are copied from it.</summary>
public sealed class VhdSrTests
{
    private const int DiskBytes = 1 << 20;

    private static readonly byte[] Below = [.. Enumerable.Range(0, 8192).Select(i => (byte)(i * 7))];
    private static readonly byte[] Above = [.. Enumerable.Range(0, 512).Select(i => (byte)(i * 11))];

    [Fact]
    public async Task Its_disks_are_listed_with_what_they_build_on_and_copied_whole()
    {
        await using var site = await TestSite.OpenAsync();
        var (leaf, below, broken) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var (location, sr) = (Path.Combine(site.Root, "xenserver"), Guid.NewGuid());
        var folder = Directory.CreateDirectory(Path.Combine(location, $"{sr}")).FullName;
        var content = WriteChain(folder, leaf, below);
        new VhdMaker { SizeBytes = DiskBytes, Kind = 4, ParentId = Guid.NewGuid(), ParentName = $"./{Guid.NewGuid()}.vhd" }
            .Write(Path.Combine(folder, $"{broken}.vhd"));
        await site.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", TestSite.Map(("location", location)), ImmutableList.Create($"{sr}"));

        VdiRecord Of(Guid uuid) => site.All<VdiRecord>().Single(v => v.Uuid == $"{uuid}");
        Assert.Equal(
            (DiskBytes, true, false, "vhd", $"{below}"),
            (Of(leaf).VirtualSize, Of(leaf).Managed, Of(leaf).Missing, Of(leaf).SmConfig["vdi_type"], Of(leaf).SmConfig["vhd-parent"]));
        Assert.Equal((DiskBytes, false, false), (Of(below).VirtualSize, Of(below).Managed, Of(below).SmConfig.ContainsKey("vhd-parent")));
        Assert.True(Of(broken).Missing);

        var (own, none) = (await site.CreateSrAsync("own"), default(Ref<VdiRecord>));
        var from = site.Daemon.Services.State.FindByUuid<VdiRecord>($"{leaf}");
        var copy = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.copy", from, own, none, none);
        Assert.Equal(content, await ReadAsync(site, copy));
        Assert.Empty(site.Get(copy).SmConfig);
        await site.Client.CallAsync("VDI.compare", from, copy);
        await site.Client.CallAsync("VDI.resize", copy, 2L * DiskBytes);
        await site.Client.CallAsync("VDI.compare", from, copy);
        Assert.Equal(["VDI_TOO_SMALL", from.Opaque, $"{2L * DiskBytes}"], await site.Client.FailAsync("VDI.compare", copy, from));
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("VDI.compare", copy, copy))[0]);

        // One byte, near the end of the disk.
        Assert.True(await Programs.RunAsync(
            "qemu-io", "-f", "qcow2", "-c", $"write -q -P 0x5a {DiskBytes - 3} 1", PathOf(site, copy)));
        Assert.Equal(
            ["VDI_CONTENT_DIFFERS", from.Opaque, copy.Opaque, $"{DiskBytes - 3}"], await site.Client.FailAsync("VDI.compare", from, copy));
        Assert.All(site.All<VdiRecord>(), v => Assert.Empty(v.CurrentOperations));
    }

    [Fact]
    public async Task A_VM_is_recovered_on_copies_without_its_snapshots_and_the_storage_stays_what_it_was()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.Primary.Client.CallAsync("VM.set_appliance", scene.Vm, default(Ref<VmApplianceRecord>));
        await scene.Primary.Client.CallAsync<Ref<VmRecord>>("VM.snapshot", scene.Vm, "before", ImmutableList<Ref<VdiRecord>>.Empty);
        await scene.ProtectAsync();
        scene.Mirror();
        var (uuid, sr) = (scene.Primary.Get(scene.Vdi).Uuid, scene.Primary.Get(scene.Sr).Uuid);
        var folder = Path.Combine(scene.CopyPath, sr);
        foreach (var disk in Directory.GetFiles(folder, "*.qcow2"))
        {
            WriteChain(folder, Guid.Parse(Path.GetFileNameWithoutExtension(disk)), Guid.NewGuid());
            File.Delete(disk);
        }

        var site = scene.Site;
        await site.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", TestSite.Map(("location", scene.CopyPath)), ImmutableList.Create(sr));
        var foreign = await scene.ReopenForeignAsync();
        await site.CreateNetworkAsync("net");
        Assert.Contains(
            "VHD", (await foreign.FailAsync("VM.recover", scene.Vm, site.Client.Session.Ref, false))[1], StringComparison.Ordinal);
        var here = site.Daemon.Services.State.FindByUuid<VdiRecord>(uuid);
        var (own, none) = (await site.CreateSrAsync("own"), default(Ref<VdiRecord>));
        var copy = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.copy", here, own, none, none);
        await site.Client.CallAsync("VDI.add_to_other_config", copy, Marks.CopyOf, uuid);
        var made = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_mapped", scene.Vm, site.Client.Session.Ref, false, TestSite.Map(), TestSite.Map((uuid, site.Get(copy).Uuid)));
        Assert.Equal(copy, site.Get(site.Get(made).Vbds.Single()).Vdi);
        Assert.Empty(site.Get(made).Snapshots);
        Assert.Contains(site.All<MessageRecord>(), m => m.Body.Contains("snapshot before was left out", StringComparison.Ordinal));
        Assert.False(site.All<SrRecord>().Single(s => s.Uuid == sr).IntroducedBy.IsNull);
        await site.Client.CallAsync("VM.start", made, false, false);
    }

    private static byte[] WriteChain(string folder, Guid leaf, Guid below)
    {
        var parent = new VhdMaker { SizeBytes = DiskBytes, IsHidden = true }.Put(0, Below);
        parent.Write(Path.Combine(folder, $"{below}.vhd"));
        parent.Child($"./{below}.vhd").Put(1024, Above).Write(Path.Combine(folder, $"{leaf}.vhd"));
        var content = new byte[DiskBytes];
        Below.CopyTo(content, 0);
        Above.CopyTo(content, 1024);
        return content;
    }

    private static string PathOf(TestSite site, Ref<VdiRecord> vdi) =>
        Path.Combine(site.Root, "own", site.Get(site.Get(vdi).Sr).Uuid, $"{site.Get(vdi).Uuid}.qcow2");

    private static async Task<byte[]> ReadAsync(TestSite site, Ref<VdiRecord> vdi)
    {
        var raw = Path.Combine(site.Root, "read");
        Assert.True(await Programs.RunAsync("qemu-img", "convert", "-f", "qcow2", "-O", "raw", PathOf(site, vdi), raw));
        return await File.ReadAllBytesAsync(raw, TestSite.Cancel);
    }
}
