using System.Buffers.Binary;
using System.Text;
using Redoubt.Database.Archive;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// What a guest's virtual TPM keeps travels with the VM. The guests are pretended here, and the tests write what their TPM would; a real
/// one does in the tests with real daemons.
/// </summary>
public sealed class TpmTests
{
    [Fact]
    public async Task A_VM_that_asks_for_a_TPM_gets_one_when_it_starts_and_what_it_writes_is_kept_however_the_guest_ends()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one", v => v with { Platform = TestSite.Map(("vtpm", "true")) });
        Assert.Empty(site.Get(vm).Vtpms);
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Single(site.Get(vm).Vtpms);
        Assert.Null(Kept(site, vm));

        await WriteAsync(site, vm, "one");
        await Patience.UntilAsync(() => Kept(site, vm) == "one", "what a running guest's TPM wrote is in the database");
        await WriteAsync(site, vm, "two");
        await Patience.UntilAsync(() => Kept(site, vm) == "two", "what it wrote next is");

        await WriteAsync(site, vm, "three");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal(("three", false), (Kept(site, vm), Directory.Exists(DirectoryOf(site, vm))));

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal("three", Text(await File.ReadAllBytesAsync(FileOf(site, vm), TestSite.Cancel)));
        Assert.Single(site.Get(vm).Vtpms);

        // A daemon that is away while the guest writes and ends, and a file that a power cut has emptied.
        await WriteAsync(site, vm, "four");
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal(("four", false), (Kept(site, vm), Directory.Exists(DirectoryOf(site, vm))));
        await site.Daemon.DisposeAsync();
        await WriteAsync(site, vm, "");
        await site.StartAsync();
        Assert.Equal(("four", false), (Kept(site, vm), Directory.Exists(DirectoryOf(site, vm))));
        Assert.Single(site.All<SecretRecord>());
    }

    [Fact]
    public async Task There_is_one_at_most_it_comes_and_goes_while_the_VM_is_off_and_it_goes_with_the_VM()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var tpm = await site.Client.CallAsync<Ref<VtpmRecord>>("VTPM.create", vm, false);
        Assert.Equal("none", await site.Client.CallAsync<string>("VTPM.get_contents_state", tpm));
        Assert.Equal(["VTPM_MAX_AMOUNT_REACHED", "1"], await site.Client.FailAsync("VTPM.create", vm, true));

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal("VM_BAD_POWER_STATE", (await site.Client.FailAsync("VTPM.destroy", tpm))[0]);
        await WriteAsync(site, vm, "one");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        Assert.Equal("kept", await site.Client.CallAsync<string>("VTPM.get_contents_state", tpm));

        await site.Client.CallAsync("VTPM.destroy", tpm);
        Assert.Empty(site.All<VtpmRecord>());
        Assert.Empty(site.All<SecretRecord>());

        await site.Client.CallAsync("VTPM.create", vm, false);
        await site.Client.CallAsync("VM.destroy", vm);
        Assert.Empty(site.All<VtpmRecord>());
        Assert.Empty(site.All<SecretRecord>());
    }

    [Fact]
    public async Task A_clone_has_a_copy_and_that_of_a_unique_one_an_empty_one()
    {
        await using var site = await TestSite.OpenAsync();
        foreach (var isUnique in new[] { false, true })
        {
            var vm = await site.CreateVmAsync($"{isUnique}");
            await site.Client.CallAsync("VTPM.create", vm, isUnique);
            await KeepAsync(site, vm, "mine");
            var clone = await site.Client.CallAsync<Ref<VmRecord>>("VM.clone", vm, "clone");
            Assert.Equal(isUnique ? null : "mine", Kept(site, clone));
            Assert.Equal(isUnique, site.Get(Assert.Single(site.Get(clone).Vtpms)).IsUnique);
            Assert.NotEqual(site.Get(vm).Vtpms, site.Get(clone).Vtpms);

            // Each its own from then on.
            await KeepAsync(site, clone, "the clone's");
            Assert.Equal(("mine", "the clone's"), (Kept(site, vm), Kept(site, clone)));
        }
    }

    [Fact]
    public async Task A_VM_whose_TPM_is_lost_or_damaged_starts_with_an_empty_one_and_says_so()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one", v => v with { Platform = TestSite.Map(("vtpm", "true")) });
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.DoesNotContain(site.All<MessageRecord>(), m => m.Name == "VM_STARTED_WITH_EMPTY_TPM");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        foreach (var value in new[] { "", "*", Convert.ToBase64String(State("cut")[..^1]) })
        {
            await site.Daemon.Services.Database.WriteAsync(tx => VirtualTpms.Keep(tx, vm, value), TestSite.Cancel);
            var before = site.All<MessageRecord>().Count(m => m.Name == "VM_STARTED_WITH_EMPTY_TPM");
            await site.Client.CallAsync("VM.start", vm, false, false);
            Assert.Equal(before + 1, site.All<MessageRecord>().Count(m => m.Name == "VM_STARTED_WITH_EMPTY_TPM"));
            Assert.False(Directory.Exists(DirectoryOf(site, vm))); // In which the hypervisor would not make a fresh one.
            await site.Client.CallAsync("VM.hard_shutdown", vm);
        }
    }

    [Fact]
    public async Task It_goes_along_when_a_VM_is_exported_tested_recovered_and_comes_home()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, site) = (scene.Primary, scene.Site);
        await primary.Client.CallAsync("VM.set_platform", scene.Vm, TestSite.Map(("vtpm", "true")));
        await scene.ProtectAsync();
        await WriteAsync(primary, scene.Vm, "mine");
        await Patience.UntilAsync(() => Kept(primary, scene.Vm) == "mine", "it is in the database");

        // The site burns down with the guest running.
        var foreign = await scene.OpenForeignAsync();
        Assert.Equal("kept", await foreign.CallAsync<string>("VTPM.get_contents_state", Assert.Single(primary.Get(scene.Vm).Vtpms)));
        var source = Assert.Single(site.Daemon.Services.State.All<SrRecord>()).Ref;
        var clone = await site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", source, "drill");
        var network = await site.Client.CallAsync<Ref<NetworkRecord>>("network.create_isolated", "drill", "net");
        var copy = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", scene.Vm, site.Client.Session.Ref, "drill",
            TestSite.Map((primary.All<NetworkRecord>().Single().Uuid, site.Get(network).Uuid)),
            TestSite.Map((site.Get(source).Uuid, site.Get(clone).Uuid)));
        Assert.Equal("mine", Kept(site, copy));
        await KeepAsync(site, copy, "the copy's");
        await site.Client.CallAsync("VM.destroy", copy);
        await site.Client.CallAsync("SR.destroy_test_clone", clone);
        Assert.Empty(site.All<VtpmRecord>());
        Assert.Empty(site.All<SecretRecord>());

        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, site.Client.Session.Ref, false);
        Assert.Equal("mine", Kept(site, scene.Recovered()));
        Assert.Equal(primary.Get(primary.Get(scene.Vm).Vtpms[0]).Uuid, site.Get(site.Get(scene.Recovered()).Vtpms[0]).Uuid);
        await KeepAsync(site, scene.Recovered(), "newer");

        // An archive of the newer one replaces the one at home, and makes others of it.
        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        using var archive = new MemoryStream();
        site.Daemon.VmMetadata.Export(site.Daemon.Services.State, [scene.Recovered()], new ArchiveOptions(), archive);
        archive.Position = 0;
        var restored = await primary.Daemon.VmMetadata.ImportAsync(archive, new VmImport { Force = true, Restore = true }, TestSite.Cancel);
        Assert.Equal("newer", Kept(primary, Assert.Single(restored.Vms)));
        archive.Position = 0;
        var imported = await primary.Daemon.VmMetadata.ImportAsync(archive, new VmImport { Force = true }, TestSite.Cancel);
        Assert.Equal("newer", Kept(primary, Assert.Single(imported.Vms)));
        Assert.Equal(2, primary.All<VtpmRecord>().Select(t => t.Uuid).Distinct().Count());
        Assert.Equal(2, primary.All<SecretRecord>().Count());
    }

    private static async Task KeepAsync(TestSite site, Ref<VmRecord> vm, string text)
    {
        await site.Client.CallAsync("VM.start", vm, false, false);
        await WriteAsync(site, vm, text);
        await site.Client.CallAsync("VM.hard_shutdown", vm);
    }

    private static string DirectoryOf(TestSite site, Ref<VmRecord> vm) =>
        Path.Combine(site.Root, "data", "hypervisor", "lib", "swtpm", site.Daemon.Services.State.Get(vm).Uuid);

    private static string FileOf(TestSite site, Ref<VmRecord> vm) => Path.Combine(DirectoryOf(site, vm), "tpm2", "tpm2-00.permall");

    private static async Task WriteAsync(TestSite site, Ref<VmRecord> vm, string text)
    {
        var path = FileOf(site, vm);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, text.Length > 0 ? State(text) : [], TestSite.Cancel);
    }

    /// <summary>As much of a state of swtpm as is looked at, with a text for its content.</summary>
    private static byte[] State(string text)
    {
        byte[] state = [2, 1, 0, 10, 0, 0, 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];
        BinaryPrimitives.WriteInt32BigEndian(state.AsSpan(6), state.Length);
        return state;
    }

    private static string Text(byte[] state) => Encoding.ASCII.GetString(state.AsSpan(10));

    private static string? Kept(TestSite site, Ref<VmRecord> vm) =>
        VirtualTpms.Of(site.Daemon.Services.State, site.Get(vm)) is { } tpm
            && VirtualTpms.Contents(site.Daemon.Services.State, tpm) is { } state
            ? Text(state)
            : null;
}
