using System.Collections.Immutable;
using System.Text;
using Redoubt.Database.Archive;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// What a UEFI guest's firmware keeps travels with the VM. The guests are pretended here, and the tests write what their firmware would; a
/// real one does in the tests with real daemons.
/// </summary>
public sealed class FirmwareTests
{
    [Fact]
    public async Task What_the_firmware_writes_is_in_the_record_while_the_guest_runs_and_when_it_ends_however_it_ends()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await UefiAsync(site, "one");
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.False(File.Exists(FileOf(site, vm))); // It has none yet, and the hypervisor makes a fresh one.

        await WriteAsync(site, vm, "one");
        await Patience.UntilAsync(() => Kept(site, vm) == "one", "what a running guest wrote is in the record");
        await WriteAsync(site, vm, "two");
        await Patience.UntilAsync(() => Kept(site, vm) == "two", "what it wrote next is");

        await WriteAsync(site, vm, "three");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal(("three", false), (Kept(site, vm), File.Exists(FileOf(site, vm))));

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal("three", Read(site, vm));
        await WriteAsync(site, vm, "four");
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("VM.set_suspend_SR", vm, sr);
        await site.Client.CallAsync("VM.suspend", vm);
        Assert.Equal(("four", false), (Kept(site, vm), File.Exists(FileOf(site, vm))));
        await site.Client.CallAsync("VM.resume", vm, false, false);
        Assert.Equal("four", Read(site, vm));
    }

    [Fact]
    public async Task What_was_written_while_no_daemon_ran_is_found_at_its_start_and_a_file_without_content_counts_for_nothing()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await UefiAsync(site, "one");
        await site.Client.CallAsync("VM.start", vm, false, false);
        await WriteAsync(site, vm, "one");
        await site.Daemon.DisposeAsync(); // The guests of this hypervisor end with it.
        await WriteAsync(site, vm, "two");
        await site.StartAsync();
        Assert.Equal((VmPowerState.Halted, "two", false), (site.Get(vm).PowerState, Kept(site, vm), File.Exists(FileOf(site, vm))));

        // As a daemon leaves it that died when the guest had just started, and nothing was written down.
        await site.Daemon.DisposeAsync();
        await WriteAsync(site, vm, "three");
        await site.StartAsync();
        Assert.Equal(("three", false), (Kept(site, vm), File.Exists(FileOf(site, vm))));

        await site.Daemon.DisposeAsync();
        await File.WriteAllBytesAsync(FileOf(site, vm), [], TestSite.Cancel);
        await site.StartAsync();
        Assert.Equal(("three", false), (Kept(site, vm), File.Exists(FileOf(site, vm))));
    }

    [Fact]
    public async Task A_guest_that_did_not_start_leaves_the_record_as_it_was_and_no_file()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one", v => v with
        {
            HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("firmware", "uefi"),
            PvKernel = "/boot/guest/vmlinuz",
        });
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(vm, v => v with { PvKernel = "/vmlinuz", PvRamdisk = "nowhere in particular" }), TestSite.Cancel);
        await site.Client.CallAsync("VM.set_NVRAM", vm, TestSite.Map((FirmwareVariables.Key, FirmwareVariables.Encode(Store("one")))));
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);
        Assert.Equal(("one", false), (Kept(site, vm), File.Exists(FileOf(site, vm))));
    }

    [Fact]
    public async Task A_VM_starts_without_what_can_not_be_read_and_says_so()
    {
        await using var site = await TestSite.OpenAsync();
        foreach (var (key, value) in new[] { (FirmwareVariables.Key, "bm8gZ3ppcA=="), (FirmwareVariables.Key, "*"), (FirmwareVariables.GenuineKey, "VkFSUw==") })
        {
            var vm = await UefiAsync(site, $"{key} {value}");
            await site.Client.CallAsync("VM.set_NVRAM", vm, TestSite.Map((key, value)));
            await site.Client.CallAsync("VM.start", vm, false, false);
            Assert.Contains(site.All<MessageRecord>(), m => m.Name == "VM_STARTED_WITH_EMPTY_FIRMWARE" && m.ObjUuid == site.Get(vm).Uuid);
        }

        var fresh = await UefiAsync(site, "fresh");
        await site.Client.CallAsync("VM.start", fresh, false, false);
        Assert.DoesNotContain(site.All<MessageRecord>(), m => m.ObjUuid == site.Get(fresh).Uuid);
    }

    [Fact]
    public async Task It_goes_along_when_a_VM_is_cloned_exported_tested_and_recovered()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, site) = (scene.Primary, scene.Site);
        await primary.Client.CallAsync("VM.set_HVM_boot_params", scene.Vm, TestSite.Map(("firmware", "uefi"), ("order", "c")));
        await scene.ProtectAsync();
        await WriteAsync(primary, scene.Vm, "mine");
        await Patience.UntilAsync(() => Kept(primary, scene.Vm) == "mine", "it is in the record");

        // The site burns down with the guest running.
        var foreign = await scene.OpenForeignAsync();
        var source = Assert.Single(site.Daemon.Services.State.All<SrRecord>()).Ref;
        var clone = await site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", source, "drill");
        var network = await site.Client.CallAsync<Ref<NetworkRecord>>("network.create_isolated", "drill", "net");
        var copy = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", scene.Vm, site.Client.Session.Ref, "drill",
            TestSite.Map((primary.All<NetworkRecord>().Single().Uuid, site.Get(network).Uuid)),
            TestSite.Map((site.Get(source).Uuid, site.Get(clone).Uuid)));
        await site.Client.CallAsync("VM.start", copy, false, false);
        Assert.Equal("mine", Read(site, copy));
        await WriteAsync(site, copy, "the copy's");
        await site.Client.CallAsync("VM.hard_shutdown", copy);
        await site.Client.CallAsync("VM.destroy", copy);
        await site.Client.CallAsync("SR.destroy_test_clone", clone);

        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, site.Client.Session.Ref, false);
        await site.Client.CallAsync("VM.start", scene.Recovered(), false, false);
        Assert.Equal("mine", Read(site, scene.Recovered()));

        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        Assert.Equal("mine", Kept(primary, await primary.Client.CallAsync<Ref<VmRecord>>("VM.clone", scene.Vm, "clone")));
        using var archive = new MemoryStream();
        primary.Daemon.VmMetadata.Export(primary.Daemon.Services.State, [scene.Vm], new ArchiveOptions(), archive);
        archive.Position = 0;
        var imported = await primary.Daemon.VmMetadata.ImportAsync(archive, new VmImport { Force = true }, TestSite.Cancel);
        Assert.Equal("mine", Kept(primary, Assert.Single(imported.Vms)));
    }

    private static Task<Ref<VmRecord>> UefiAsync(TestSite site, string name) =>
        site.CreateVmAsync(name, v => v with { HvmBootParams = ImmutableSortedDictionary<string, string>.Empty.Add("firmware", "uefi") });

    private static string FileOf(TestSite site, Ref<VmRecord> vm) => Path.Combine(site.Root, "data", "nvram", $"{site.Get(vm).Uuid}.fd");

    private static async Task WriteAsync(TestSite site, Ref<VmRecord> vm, string text)
    {
        var path = Path.Combine(site.Root, "data", "nvram", $"{site.Daemon.Services.State.Get(vm).Uuid}.fd");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, Store(text), TestSite.Cancel);
    }

    /// <summary>As much of a firmware volume as is looked at, with a text for its content.</summary>
    private static byte[] Store(string text)
    {
        var store = new byte[64 << 10];
        store.AsSpan().Fill(0xFF);
        BitConverter.TryWriteBytes(store.AsSpan(32), (long)store.Length);
        "_FVH"u8.CopyTo(store.AsSpan(40));
        Encoding.ASCII.GetBytes(text).CopyTo(store.AsSpan(128));
        store[128 + text.Length] = 0;
        return store;
    }

    private static string Text(byte[] store) => Encoding.ASCII.GetString(store, 128, Array.IndexOf(store, (byte)0, 128) - 128);

    private static string Read(TestSite site, Ref<VmRecord> vm) => Text(File.ReadAllBytes(FileOf(site, vm)));

    private static string? Kept(TestSite site, Ref<VmRecord> vm) =>
        site.Get(vm).Nvram.TryGetValue(FirmwareVariables.Key, out var text) ? Text(FirmwareVariables.Decode(text)!) : null;
}
