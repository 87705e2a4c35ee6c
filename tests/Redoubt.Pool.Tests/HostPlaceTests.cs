using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// Nothing that a client, or a record that came from elsewhere, names of the host leads to what its administrator has not given for it.
/// </summary>
public sealed class HostPlaceTests
{
    public static TheoryData<string> Elsewhere => new(
        "/etc/shadow", "BOOT/../../secret", "BOOT/link-out", "BOOT/way-out/shadow", "BOOT/directory", "BOOT/pipe", "BOOT", "BOOT/",
        "BOOT//kernel", "BOOT/./kernel",
        "/proc/self/environ", "/dev/sda", "vmlinuz", "file:///etc/shadow", "http://example.org/kernel", " /etc/shadow", "BOOT/anybodys",
        "BOOT/open/kernel", "BOOT/self");

    [Theory]
    [MemberData(nameof(Elsewhere))]
    public async Task A_path_that_leads_elsewhere_is_not_set_and_a_record_with_it_does_not_start(string template)
    {
        await using var site = await SiteAsync();
        var path = template.Replace("BOOT", BootOf(site), StringComparison.Ordinal);
        var vm = await site.CreateVmAsync("one");
        foreach (var field in new[] { "PV_kernel", "PV_ramdisk" })
        {
            Assert.Equal(["VALUE_NOT_SUPPORTED", field, path], (await site.Client.FailAsync($"VM.set_{field}", vm, path))[..3]);
        }

        if (path.Contains('/', StringComparison.Ordinal))
        {
            Assert.Equal(
                ["VALUE_NOT_SUPPORTED", "PV_bootloader", path], (await site.Client.FailAsync("VM.set_PV_bootloader", vm, path))[..3]);
        }

        var before = site.All<VmRecord>().Count();
        await Assert.ThrowsAsync<XenApiException>(() => site.CreateVmAsync("two", v => v with { PvKernel = path }));
        await Assert.ThrowsAsync<XenApiException>(() => site.CreateVmAsync("two", v => v with { PvRamdisk = path }));
        Assert.Equal(before, site.All<VmRecord>().Count());
        Assert.Equal(("", ""), (site.Get(vm).PvKernel, site.Get(vm).PvRamdisk));

        // As a recovery brings it.
        var kernel = Path.Combine(BootOf(site), "kernel");
        await ForgeAsync(site, vm, kernel, path);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.assert_can_boot_here", vm, site.Host))[0]);
        if (path.StartsWith('/'))
        {
            await ForgeAsync(site, vm, path, "");
            var refused = await site.Client.FailAsync("VM.start", vm, false, false);
            Assert.Equal("OPERATION_NOT_ALLOWED", refused[0]);
            Assert.Contains(path, refused[1], StringComparison.Ordinal);
            Assert.NotEqual("", await site.Client.CallAsync<string>("host.get_boot_file_trouble", site.Host, path));
        }

        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
    }

    [Fact]
    public async Task What_the_administrator_gives_for_it_boots_also_by_a_link_that_stays_there()
    {
        await using var site = await SiteAsync();
        foreach (var name in new[] { "kernel", "link-in", "sub/kernel" })
        {
            var vm = await site.CreateVmAsync(
                name, v => v with { PvKernel = Path.Combine(BootOf(site), name), PvRamdisk = Path.Combine(BootOf(site), "kernel") });
            Assert.Equal("", await site.Client.CallAsync<string>("host.get_boot_file_trouble", site.Host, site.Get(vm).PvKernel));
            await site.Client.CallAsync("VM.start", vm, false, false);
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        }

        // One that is not there yet may be named; the VM starts once it is.
        var later = Path.Combine(BootOf(site), "later");
        var waiting = await site.CreateVmAsync("waiting", v => v with { PvKernel = later });
        Assert.Equal("BOOTLOADER_FAILED", (await site.Client.FailAsync("VM.start", waiting, false, false))[0]);
        await File.WriteAllTextAsync(later, "kernel", TestSite.Cancel);
        await site.Client.CallAsync("VM.start", waiting, false, false);
        await site.Client.CallAsync("VM.set_PV_bootloader", waiting, "pygrub");
    }

    [Fact]
    public async Task A_link_that_is_turned_after_it_was_set_is_found_at_the_start()
    {
        await using var site = await SiteAsync();
        var link = Path.Combine(BootOf(site), "link-in");
        var vm = await site.CreateVmAsync("one", v => v with { PvKernel = link });
        File.Delete(link);
        File.CreateSymbolicLink(link, "/etc/shadow");
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);
    }

    [Theory]
    [InlineData(Role.LocalRoot, "/etc", false)]
    [InlineData(Role.LocalRoot, "/etc/cron.d", false)]
    [InlineData(Role.LocalRoot, "/", false)]
    [InlineData(Role.LocalRoot, "/usr/share", false)]
    [InlineData(Role.LocalRoot, "/proc/1/cwd", false)]
    [InlineData(Role.LocalRoot, "DATA", false)]
    [InlineData(Role.LocalRoot, "DATA/tests", false)]
    [InlineData(Role.LocalRoot, "DATA/hooks", false)]
    [InlineData(Role.LocalRoot, "ROOT/to-etc", false)]
    [InlineData(Role.LocalRoot, "ROOT/to-etc/redoubt", false)]
    [InlineData(Role.LocalRoot, "ROOT/../../etc", false)]
    [InlineData(Role.LocalRoot, "ROOT/to-data", false)]
    [InlineData(Role.LocalRoot, "/nowhere/storage", true)]
    [InlineData(Role.PoolAdmin, "/nowhere/storage", true)]
    [InlineData(Role.PoolOperator, "/nowhere/storage", false)]
    [InlineData(Role.PoolOperator, "/root", false)]
    [InlineData(Role.PoolOperator, "/var/lib", false)]
    [InlineData(Role.PoolOperator, "ROOT/storage", true)]
    [InlineData(Role.PoolOperator, "/srv/storage", true)]
    [InlineData(Role.PoolOperator, "/mnt", true)]
    public async Task Storage_lies_where_it_may_whoever_names_it(Role role, string template, bool may)
    {
        await using var site = await SiteAsync();
        var place = template.Replace("DATA", Path.Combine(site.Root, "data"), StringComparison.Ordinal)
            .Replace("ROOT", site.Root, StringComparison.Ordinal);
        var (host, config) = (site.Host, TestSite.Map(("location", place)));
        var client = new TestClient(site.Daemon, site.Client.Session with { Role = role });
        var sr = await site.Client.CallAsync<Ref<SrRecord>>(
            "SR.introduce", Guid.NewGuid().ToString(), "sr", "", "file", "", true, TestSite.Map());
        await CheckAsync(() => client.CallAsync("SR.probe", host, config, "file", TestSite.Map()));
        await CheckAsync(() => client.CallAsync("SR.probe_ext", host, config, "file", TestSite.Map()));
        await CheckAsync(() => client.CallAsync("DR_task.create", "file", config, ImmutableList<string>.Empty));
        await CheckAsync(() => client.CallAsync("PBD.create", new PbdRecord { Host = host, Sr = sr, DeviceConfig = config }));
        await CheckAsync(
            () => client.CallAsync(
                "PBD.create",
                new PbdRecord { Host = host, Sr = sr, DeviceConfig = TestSite.Map(("location", site.Root), ("backing-location", place)) }));
        if (!may)
        {
            await CheckAsync(() => client.CallAsync("SR.create", host, config, 0L, "sr", "", "file", "", true, TestSite.Map()));
            Assert.Empty(site.All<PbdRecord>());
        }

        async Task CheckAsync(Func<Task> call)
        {
            try
            {
                await call();
            }
            catch (XenApiException refused)
            {
                Assert.Equal(may, refused.Code != "VALUE_NOT_SUPPORTED");
                Assert.True(may || refused.Parameters[1] == place, refused.Message);
                return;
            }

            Assert.True(may);
        }
    }

    [Fact]
    public async Task A_record_that_names_a_place_of_the_system_is_not_attached()
    {
        await using var site = await SiteAsync();
        var sr = await site.Client.CallAsync<Ref<SrRecord>>(
            "SR.introduce", Guid.NewGuid().ToString(), "sr", "", "file", "", true, TestSite.Map());
        var pbd = await site.Client.CallAsync<Ref<PbdRecord>>(
            "PBD.create", new PbdRecord { Host = site.Host, Sr = sr, DeviceConfig = TestSite.Map(("location", site.Root)) });
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(pbd, p => p with { DeviceConfig = TestSite.Map(("location", Path.Combine(site.Root, "to-etc"))) }),
            TestSite.Cancel);
        Assert.Contains(
            "leads to /etc, which lies in a directory of the system", (await site.Client.FailAsync("PBD.plug", pbd))[2],
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Role.PoolAdmin, "", "ext", "device=/dev/sdz", true)]
    [InlineData(Role.PoolOperator, "", "ext", "device=/dev/sdz", false)]
    [InlineData(Role.LocalRoot, "/srv", "ext", "device=/dev/sdz", false)]
    [InlineData(Role.PoolOperator, "/dev/sdz", "ext", "device=/dev/sdz", true)]
    [InlineData(Role.LocalRoot, "/dev/sdz", "ext", "device=/dev/sdy", false)]
    [InlineData(Role.LocalRoot, "/dev/disk", "ext", "device=/dev/disk/../sdz", false)]
    [InlineData(Role.PoolOperator, "", "nfs", "server=nas serverpath=/vol", true)]
    [InlineData(Role.PoolOperator, "nas:/vol", "nfs", "server=nas serverpath=/vol/a", true)]
    [InlineData(Role.PoolOperator, "[fe80::1]:/vol", "nfs", "server=fe80::1 serverpath=/vol", true)]
    [InlineData(Role.PoolOperator, "[fe80::1]:/vol", "nfs", "server=[fe80::1] serverpath=/vol", true)]
    [InlineData(Role.LocalRoot, "nas:/vol", "nfs", "server=nas serverpath=/volume", false)]
    [InlineData(Role.LocalRoot, "/srv", "nfs", "server=nas serverpath=/srv", false)]
    [InlineData(Role.LocalRoot, "nas:/vol", "file", "location=/srv", false)]
    public async Task Devices_and_shares_are_named_where_the_administrator_of_the_host_allows(
        Role role, string roots, string type, string config, bool may)
    {
        await using var site = await TestSite.OpenAsync(c => c with { StorageRoots = roots.Length == 0 ? [] : [roots] });
        var client = new TestClient(site.Daemon, site.Client.Session with { Role = role });
        var sr = await site.Client.CallAsync<Ref<SrRecord>>(
            "SR.introduce", Guid.NewGuid().ToString(), "sr", "", type, "", true, TestSite.Map());
        var words = config.Split(' ').Select(w => w.Split('=')).ToImmutableSortedDictionary(w => w[0], w => w[1]);
        var connection = new PbdRecord { Host = site.Host, Sr = sr, DeviceConfig = words };
        if (may)
        {
            await client.CallAsync<Ref<PbdRecord>>("PBD.create", connection);
            return;
        }

        Assert.Equal("VALUE_NOT_SUPPORTED", (await client.FailAsync("PBD.create", connection))[0]);
        Assert.Empty(site.All<PbdRecord>());
    }

    private static string BootOf(TestSite site) => Path.Combine(site.Root, "boot");

    private static Task ForgeAsync(TestSite site, Ref<VmRecord> vm, string kernel, string ramdisk) =>
        site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(vm, v => v with { PvKernel = kernel, PvRamdisk = ramdisk, PvBootloader = "", HvmBootPolicy = "" }),
            TestSite.Cancel);

    private static async Task<TestSite> SiteAsync()
    {
        var site = await TestSite.OpenAsync(c => c with { BootRoots = [Path.Combine(Path.GetDirectoryName(c.DataDirectory)!, "boot")] });
        var boot = Directory.CreateDirectory(BootOf(site)).FullName;
        Directory.CreateDirectory(Path.Combine(boot, "directory"));
        foreach (var (name, mode) in new[] { ("kernel", 0x1a4), ("anybodys", 0x1b6), ("sub/kernel", 0x1a4), ("open/kernel", 0x1a4), ("../secret", 0x1a4) })
        {
            var path = Path.Combine(boot, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, name, TestSite.Cancel);
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }

        File.SetUnixFileMode(Path.Combine(boot, "open"), (UnixFileMode)0x1ff);
        File.CreateSymbolicLink(Path.Combine(boot, "link-in"), "kernel");
        File.CreateSymbolicLink(Path.Combine(boot, "link-out"), "/etc/shadow");
        File.CreateSymbolicLink(Path.Combine(boot, "way-out"), "/etc");
        File.CreateSymbolicLink(Path.Combine(boot, "self"), "/proc/self/exe");
        File.CreateSymbolicLink(Path.Combine(site.Root, "to-etc"), "/etc");
        File.CreateSymbolicLink(Path.Combine(site.Root, "to-data"), Path.Combine(site.Root, "data"));
        using var pipe = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(boot, "pipe")]);
        await pipe.WaitForExitAsync(TestSite.Cancel);
        return site;
    }
}
