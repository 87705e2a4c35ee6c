using System.Text.RegularExpressions;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A guest that counts its boots in the memory of its TPM finds the counter wherever it is recovered, tested and brought home.
/// </summary>
public sealed partial class TpmTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_TPM_of_a_guest_whose_site_burned_down_remembers_at_the_other_site_what_it_kept_and_a_test_changes_nothing_of_it()
    {
        await using var bench = new Bench();
        var shell = new Shell();
        var (primary, recovery) = (await bench.StartAsync("primary"), await bench.StartAsync("recovery"));
        var guest = new DemoGuest("sealed", 0, 0, false);
        var storage = await DemoGuests.BuildAsync(primary, guest);
        var vm = await primary.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid);
        var sr = await primary.CallAsync<string>("SR.get_uuid", Stop, storage);
        await shell.RunAsync(primary, $"sr-enable-database-replication uuid={sr}");

        // As XenServer has it: a VM asks for a TPM, and gets it when it is started.
        await shell.RunAsync(primary, $"vm-param-set uuid={guest.Uuid} platform:vtpm=true");
        await shell.RunAsync(primary, "vm-start vm=sealed");
        await BootsAsync(primary, guest.Uuid, 1);
        var tpm = Assert.Single(await primary.CallAsync<IReadOnlyList<Ref<VtpmRecord>>>("VM.get_VTPMs", Stop, vm));
        await KeptAsync(primary, tpm);

        // The daemon dies, the guest runs on, and what its TPM keeps is taken when it ends.
        await Bench.SignalAsync(primary.Daemon, "KILL");
        await primary.Daemon.WaitForExitAsync(Stop);
        primary = await bench.StartAsync("primary");
        await shell.RunAsync(primary, "vm-shutdown vm=sealed --force");
        Assert.False(Directory.Exists(DirectoryOf(primary, guest.Uuid)));
        await shell.RunAsync(primary, "vm-start vm=sealed");
        await BootsAsync(primary, guest.Uuid, 2);

        // Its memory, too, is the same TPM's.
        await primary.Api.CallAsync("VM.set_suspend_SR", [vm, storage], Stop);
        await shell.RunAsync(primary, "vm-suspend vm=sealed");
        Assert.False(Directory.Exists(DirectoryOf(primary, guest.Uuid)));
        await shell.RunAsync(primary, "vm-resume vm=sealed");
        await shell.RunAsync(primary, "vm-reboot vm=sealed --force");
        await BootsAsync(primary, guest.Uuid, 3);
        await SettledAsync(primary, guest.Uuid);

        await primary.KillAsync();
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        foreach (var network in DemoCommand.Networks)
        {
            await shell.RunAsync(recovery, $"network-create name-label={network}");
        }

        await shell.RunAsync(recovery, $"drtask-create type=file device-config:location={recovery.Storage} sr-whitelist={sr}");
        Assert.DoesNotContain(
            "tpm-lost", await shell.RunAsync(recovery, $"dr-plan sr-uuid={sr} source-dead=true"), StringComparison.Ordinal);

        var run = await shell.RunAsync(recovery, $"dr-test sr-uuid={sr} keep=true");
        var copies = await recovery.Api.GetAllRecordsAsync<VmRecord>(Stop);
        var copy = Assert.Single(copies.Values, v => v.OtherConfig.ContainsKey("dr-test"));
        await BootsAsync(recovery, copy.Uuid, 4);
        await shell.RunAsync(recovery, $"dr-test-cleanup uuid={run}");
        Assert.False(Directory.Exists(DirectoryOf(recovery, copy.Uuid)));
        Assert.Empty(await recovery.Api.GetAllRecordsAsync<VtpmRecord>(Stop));
        Assert.Empty(await recovery.Api.GetAllRecordsAsync<SecretRecord>(Stop));

        await shell.RunAsync(recovery, $"dr-failover sr-uuid={sr} source-dead=true --yes");
        await BootsAsync(recovery, guest.Uuid, 4);
        await shell.RunAsync(recovery, "vm-shutdown vm=sealed --force");
        Assert.False(Directory.Exists(DirectoryOf(recovery, guest.Uuid)));
        await shell.RunAsync(recovery, "vm-start vm=sealed");
        await BootsAsync(recovery, guest.Uuid, 5);
    }

    private static Task KeptAsync(DemoSite site, Ref<VtpmRecord> tpm) => Patience.UntilAsync(
        async () => await site.CallAsync<string>("VTPM.get_contents_state", Stop, tpm) == "kept", "the metadata has what the TPM keeps");

    /// <summary>Waits until the metadata has what the TPM of a running guest has in its file; nobody asks it to be kept.</summary>
    private static Task SettledAsync(DemoSite site, string uuid) => Patience.UntilAsync(
        async () =>
        {
            var file = TpmContents.Encode(
                await File.ReadAllBytesAsync(Path.Combine(DirectoryOf(site, uuid), "tpm2", "tpm2-00.permall"), Stop));
            return (await site.Api.GetAllRecordsAsync<SecretRecord>(Stop)).Values.Any(s => s.Value == file);
        },
        "the metadata has what the TPM's file has");

    private static Task BootsAsync(DemoSite site, string uuid, int boots) =>
        Patience.UntilAsync(
            () => Boots(site, uuid) is [.., var last] && last == boots, $"the guest says that its TPM has counted {boots} boots");

    private static string DirectoryOf(DemoSite site, string uuid) => Path.Combine(site.DataDirectory, "hypervisor", "lib", "swtpm", uuid);

    private static List<int> Boots(DemoSite site, string uuid) =>
        [.. BootsLine().Matches(DemoGuests.ConsoleOf(site, uuid)).Select(m => int.Parse(m.Groups["boots"].Value))];

    [GeneratedRegex(@"redoubt-guest: tpm-boots=(?<boots>\d+)\r?\n", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BootsLine();
}
