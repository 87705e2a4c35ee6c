using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>VMs and disks that are made of others, and the disks that templates ask for.</summary>
public sealed class VmCopyTests
{
    private const int DiskBytes = 1 << 20;

    private static readonly byte[] Content = [.. Enumerable.Range(0, DiskBytes).Select(i => (byte)(i * 7 / 3))];

    [Fact]
    public async Task A_copy_of_a_VM_lies_on_the_SR_that_is_named_and_reads_the_same()
    {
        await using var site = await TestSite.OpenAsync();
        var (near, far) = (await site.CreateSrAsync("near"), await site.CreateSrAsync("far"));
        var vm = await site.CreateVmAsync("one");
        var vdi = await FilledAsync(site, near);
        await site.CreateVbdAsync(vm, vdi);
        foreach (var (sr, expected) in new[] { (far, far), (default, near) })
        {
            var copy = site.Get(await site.Client.CallAsync<Ref<VmRecord>>("VM.copy", vm, "two", sr));
            var disk = site.Get(copy.Vbds.Single()).Vdi;
            Assert.Equal(("two", expected), (copy.NameLabel, site.Get(disk).Sr));
            Assert.NotEqual(vdi, disk);
            Assert.Equal(Content, await site.ReadAsync(disk));
            Assert.Empty(site.Get(disk).CurrentOperations);
            Assert.DoesNotContain(DisksInMaking.Key, site.Get(expected).OtherConfig.Keys);
        }

        Assert.Equal("HANDLE_INVALID", (await site.Client.FailAsync("VM.copy", vm, "two", new Ref<SrRecord>("OpaqueRef:none")))[0]);
        Assert.Equal(3, site.All<VdiRecord>().Count());
    }

    [Fact]
    public async Task A_disk_is_copied_into_a_new_one_or_into_one_that_there_is()
    {
        await using var site = await TestSite.OpenAsync();
        var (near, far) = (await site.CreateSrAsync("near"), await site.CreateSrAsync("far"));
        var vdi = await FilledAsync(site, near);
        var none = default(Ref<VdiRecord>);
        var copy = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.copy", vdi, far, none, none);
        Assert.Equal((far, site.Get(vdi).NameLabel, false), (site.Get(copy).Sr, site.Get(copy).NameLabel, site.Get(copy).IsASnapshot));
        Assert.Equal(Content, await site.ReadAsync(copy));

        // Into a larger one: what lies beyond is empty.
        var into = await site.CreateVdiAsync(far, "into");
        await site.Client.CallAsync("VDI.resize", into, 2L * DiskBytes);
        Assert.Equal(into, await site.Client.CallAsync<Ref<VdiRecord>>("VDI.copy", vdi, default(Ref<SrRecord>), none, into));
        byte[] expected = [.. Content, .. new byte[DiskBytes]];
        Assert.Equal(expected, await site.ReadAsync(into));
        Assert.Equal(2L * DiskBytes, site.Get(into).VirtualSize);

        var before = site.All<VdiRecord>().Count();
        await site.Client.CallAsync("VDI.resize", vdi, 4L * DiskBytes);
        Assert.Equal(
            ["VDI_TOO_SMALL", into.Opaque, $"{4L * DiskBytes}"],
            await site.Client.FailAsync("VDI.copy", vdi, default(Ref<SrRecord>), none, into));
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("VDI.copy", vdi, default(Ref<SrRecord>), none, none))[0]);
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("VDI.copy", vdi, far, none, into))[0]);
        Assert.Equal("INVALID_VALUE", (await site.Client.FailAsync("VDI.copy", vdi, default(Ref<SrRecord>), none, vdi))[0]);
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VDI.copy", vdi, far, copy, none))[0]);
        await site.Client.CallAsync("VDI.set_read_only", copy, true);
        await site.Client.CallAsync("VDI.resize", copy, 4L * DiskBytes);
        Assert.Equal("VDI_READONLY", (await site.Client.FailAsync("VDI.copy", vdi, default(Ref<SrRecord>), none, copy))[0]);
        Assert.Equal(before, site.All<VdiRecord>().Count());
    }

    [Fact]
    public async Task What_a_running_VM_uses_is_neither_copied_nor_kept_nor_written_over()
    {
        await using var site = await TestSite.OpenAsync();
        var (near, far) = (await site.CreateSrAsync("near"), await site.CreateSrAsync("far"));
        var vm = await site.CreateVmAsync("one");
        var (used, other) = (await site.CreateVdiAsync(near), await site.CreateVdiAsync(near));
        await site.CreateVbdAsync(vm, used);
        await site.Client.CallAsync("VM.start", vm, false, false);
        var none = default(Ref<VdiRecord>);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("VDI.copy", used, far, none, none))[0]);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("VDI.copy", other, default(Ref<SrRecord>), none, used))[0]);
        Assert.Equal("VDI_IN_USE", (await site.Client.FailAsync("VDI.snapshot", used, TestSite.Map()))[0]);
        Assert.Equal("VM_BAD_POWER_STATE", (await site.Client.FailAsync("VM.copy", vm, "two", far))[0]);
        Assert.Equal(2, site.All<VdiRecord>().Count());
        Assert.DoesNotContain(DisksInMaking.Key, site.Get(far).OtherConfig.Keys);
        Assert.All(site.All<VdiRecord>(), v => Assert.Empty(v.CurrentOperations));
    }

    [Fact]
    public async Task A_copy_that_the_storage_can_not_hold_leaves_nothing_behind()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can mount a small file system.");
        await using var site = await TestSite.OpenAsync();
        var near = await site.CreateSrAsync("near");
        var small = Directory.CreateDirectory(Path.Combine(site.Root, "small")).FullName;
        Assert.True(await Programs.RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small));
        try
        {
            var far = await site.CreateSrAsync("small");
            var vm = await site.CreateVmAsync("one");
            await site.CreateVbdAsync(vm, await site.CreateVdiAsync(near, "empty"));
            await site.CreateVbdAsync(vm, await FilledAsync(site, near, 4));
            var (vms, vdis) = (site.All<VmRecord>().Count(), site.All<VdiRecord>().Count());
            Assert.Contains(
                "FULL", string.Join(' ', await site.Client.FailAsync("VM.copy", vm, "two", far)), StringComparison.OrdinalIgnoreCase);
            Assert.Equal((vms, vdis), (site.All<VmRecord>().Count(), site.All<VdiRecord>().Count()));
            Assert.DoesNotContain(DisksInMaking.Key, site.Get(far).OtherConfig.Keys);
            Assert.Empty(Directory.EnumerateFiles(small, "*.qcow2", SearchOption.AllDirectories));
            await site.Client.CallAsync("SR.scan", far);
            Assert.Equal(vdis, site.All<VdiRecord>().Count());
            Assert.Empty(site.Get(vm).CurrentOperations);
        }
        finally
        {
            await Programs.RunAsync("umount", "-l", small);
        }
    }

    [Fact]
    public async Task A_snapshot_of_a_disk_knows_whose_it_is_and_keeps_what_was_there()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await FilledAsync(site, await site.CreateSrAsync("sr"));
        var began = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        var snapshot = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.snapshot", vdi, TestSite.Map());
        Assert.Equal((true, vdi), (site.Get(snapshot).IsASnapshot, site.Get(snapshot).SnapshotOf));
        Assert.InRange(site.Get(snapshot).SnapshotTime, began, TimeProvider.System.GetUtcNow());
        Assert.Contains(snapshot, site.Get(vdi).Snapshots);
        await site.FillAsync(vdi, new byte[DiskBytes]);
        Assert.Equal(Content, await site.ReadAsync(snapshot));
        await site.Client.CallAsync("VDI.destroy", vdi);
        Assert.Equal(Content, await site.ReadAsync(snapshot));
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VDI.snapshot", snapshot, TestSite.Map(("a", "b"))))[0]);
    }

    [Fact]
    public async Task A_VM_from_a_default_template_gets_the_disks_that_it_asks_for_once()
    {
        await using var site = await TestSite.OpenAsync(config => config with { DefaultTemplates = true });
        var sr = await site.CreateSrAsync("sr");
        var templates = site.Daemon.Services.State.All<VmRecord>().Where(v => v.Record.IsDefaultTemplate).ToList();
        Assert.Equal(
            ["Linux (BIOS)", "Linux (UEFI)", "Other install media", "Windows (UEFI)"],
            templates.Select(t => t.Record.NameLabel).Order(StringComparer.Ordinal));
        foreach (var (template, record) in templates)
        {
            Assert.Equal("VM_IS_TEMPLATE", (await site.Client.FailAsync("VM.start", template, false, false))[0]);
            var vm = await site.Client.CallAsync<Ref<VmRecord>>("VM.clone", template, "new");
            Assert.Equal((true, false), (site.Get(vm).IsATemplate, site.Get(vm).IsDefaultTemplate));
            Assert.Equal("DEFAULT_SR_NOT_FOUND", (await site.Client.FailAsync("VM.provision", vm))[0]);
            Assert.True(site.Get(vm).IsATemplate);
            await site.Client.CallAsync("pool.set_default_SR", site.Daemon.Services.Pool, sr);
            await site.Client.CallAsync("VM.provision", vm);
            var made = site.Get(vm);
            Assert.Equal((false, record.NameLabel), (made.IsATemplate, made.OtherConfig["base_template_name"]));
            Assert.DoesNotContain("default_template", made.OtherConfig.Keys);
            var (vbd, vdi) = (site.Get(made.Vbds.Single()), site.Get(site.Get(made.Vbds.Single()).Vdi));
            Assert.Equal(("0", true, sr, "new 0"), (vbd.Userdevice, vbd.Bootable, vdi.Sr, vdi.NameLabel));
            Assert.Equal(ProvisionedDisk.Of(record).Single().SizeBytes, vdi.VirtualSize);
            await site.Client.CallAsync("VM.provision", vm);
            Assert.Single(site.Get(vm).Vbds);
            await site.Client.CallAsync("pool.set_default_SR", site.Daemon.Services.Pool, default(Ref<SrRecord>));
        }

        // Whoever removes one has it so.
        await site.Client.CallAsync("VM.destroy", templates[0].Ref);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(3, site.All<VmRecord>().Count(v => v.IsDefaultTemplate));
    }

    [Theory]
    [InlineData("<provision><disk device=\"0\" size=\"1048576\" sr=\"\" bootable=\"true\" type=\"system\"/></provision>", null)]
    [InlineData("<provision></provision>", null)]
    [InlineData("", "INVALID_VALUE")]
    [InlineData("<disks/>", "INVALID_VALUE")]
    [InlineData("<provision><disk device=\"0\" sr=\"\"/></provision>", "INVALID_VALUE")]
    [InlineData("<provision><disk size=\"1\" sr=\"\"/></provision>", "INVALID_VALUE")]
    [InlineData("<provision><disk device=\"0\" size=\"-1\" sr=\"\"/></provision>", "INVALID_VALUE")]
    [InlineData("<provision><disk device=\"0\" size=\"99999999999999999999\" sr=\"\"/></provision>", "INVALID_VALUE")]
    [InlineData("<provision><disk device=\"0\" size=\"1\" sr=\"\" type=\"metadata\"/></provision>", "INVALID_VALUE")]
    [InlineData("<!DOCTYPE p [<!ENTITY e \"x\">]><provision>&e;</provision>", "INVALID_VALUE")]
    [InlineData("<provision><disk device=\"0\" size=\"1048576\" sr=\"no-such-sr\"/></provision>", "UUID_INVALID")]
    [InlineData("<provision><disk device=\"0\" size=\"4096\"/><disk device=\"0\" size=\"4096\"/></provision>", "DEVICE_ALREADY_EXISTS")]
    [InlineData("<provision><disk device=\"999\" size=\"1048576\"/></provision>", "INVALID_DEVICE")]
    public async Task Disks_that_can_not_be_had_are_refused_and_none_is_left(string asked, string? refusal)
    {
        await using var site = await TestSite.OpenAsync();
        await site.Client.CallAsync("pool.set_default_SR", site.Daemon.Services.Pool, await site.CreateSrAsync("sr"));
        var vm = await site.CreateVmAsync("new", v => v with { IsATemplate = true, OtherConfig = TestSite.Map(("disks", asked)) });
        if (refusal is null)
        {
            await site.Client.CallAsync("VM.provision", vm);
            Assert.False(site.Get(vm).IsATemplate);
            return;
        }

        Assert.Equal(refusal, (await site.Client.FailAsync("VM.provision", vm))[0]);
        Assert.True(site.Get(vm).IsATemplate);
        Assert.Empty(site.Get(vm).Vbds);
        Assert.Empty(site.All<VdiRecord>());
        Assert.DoesNotContain(site.All<SrRecord>(), s => s.OtherConfig.ContainsKey(DisksInMaking.Key));
        Assert.Empty(site.All<MessageRecord>());
    }

    private static async Task<Ref<VdiRecord>> FilledAsync(TestSite site, Ref<SrRecord> sr, int times = 1)
    {
        var vdi = await site.CreateVdiAsync(sr, "filled");
        if (times > 1)
        {
            await site.Client.CallAsync("VDI.resize", vdi, (long)times * DiskBytes);
        }

        await site.FillAsync(vdi, [.. Enumerable.Repeat(Content, times).SelectMany(c => c)]);
        return vdi;
    }
}
