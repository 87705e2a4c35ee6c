using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A guest that boots through OVMF and counts its boots in a variable of the firmware finds the variable wherever it is recovered.
/// </summary>
public sealed partial class FirmwareTests
{
    private const long Memory = 256L << 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_firmware_of_a_guest_whose_site_burned_down_remembers_at_the_other_site_what_it_kept()
    {
        await using var bench = new Bench();
        var shell = new Shell();
        var (primary, recovery) = (await bench.StartAsync("primary"), await bench.StartAsync("recovery"));
        var guest = new DemoGuest("uefi", 0, 0, false);
        var storage = await DemoGuests.BuildAsync(primary, guest);
        var vm = await primary.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid);
        await primary.Api.CallAsync("VM.set_memory_limits", [vm, Memory, Memory, Memory, Memory], Stop);
        await shell.RunAsync(primary, $"vm-param-set uuid={guest.Uuid} HVM-boot-params:firmware=uefi");
        var sr = await primary.CallAsync<string>("SR.get_uuid", Stop, storage);
        await shell.RunAsync(primary, $"sr-enable-database-replication uuid={sr}");

        await shell.RunAsync(primary, "vm-start vm=uefi");
        await BootsAsync(primary, guest, 1);

        // Nobody asks it to be kept: the metadata has it soon after the guest has said that it wrote it.
        var kept = "";
        using (var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100)))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            limit.CancelAfter(TimeSpan.FromMinutes(2));
            while (!Holds(kept, "RedoubtBoots"))
            {
                await tick.WaitForNextTickAsync(limit.Token);
                kept = (await primary.CallAsync<ImmutableSortedDictionary<string, string>>("VM.get_NVRAM", Stop, vm))
                    .GetValueOrDefault(FirmwareVariables.Key, "");
            }
        }

        await primary.KillAsync();
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        foreach (var network in DemoCommand.Networks)
        {
            await shell.RunAsync(recovery, $"network-create name-label={network}");
        }

        await shell.RunAsync(recovery, $"drtask-create type=file device-config:location={recovery.Storage} sr-whitelist={sr}");
        Assert.DoesNotContain(
            "firmware-lost", await shell.RunAsync(recovery, $"dr-plan sr-uuid={sr} source-dead=true"), StringComparison.Ordinal);
        await shell.RunAsync(recovery, $"dr-failover sr-uuid={sr} source-dead=true --yes");
        await BootsAsync(recovery, guest, 2);

        // And what it keeps there outlives a shutdown there.
        await shell.RunAsync(recovery, "vm-shutdown vm=uefi --force");
        Assert.False(File.Exists(Path.Combine(recovery.DataDirectory, "nvram", $"{guest.Uuid}.fd")));
        await shell.RunAsync(recovery, "vm-start vm=uefi");
        await BootsAsync(recovery, guest, 3);
    }

    private static Task BootsAsync(DemoSite site, DemoGuest guest, int boots) =>
        Patience.UntilAsync(
            () => Boots(site, guest) is [.., var last] && last == boots, $"the guest says that its firmware has booted it {boots} times");

    private static List<int> Boots(DemoSite site, DemoGuest guest) =>
        [.. BootsLine().Matches(DemoGuests.ConsoleOf(site, guest.Uuid)).Select(m => int.Parse(m.Groups["boots"].Value))];

    /// <summary>The names of variables are in the flash as they are, in UTF-16.</summary>
    private static bool Holds(string kept, string variable) =>
        FirmwareVariables.Decode(kept) is { } store && store.AsSpan().IndexOf(System.Text.Encoding.Unicode.GetBytes(variable)) >= 0;

    [GeneratedRegex(@"redoubt-guest: firmware-boots=(?<boots>\d+)\r?\n", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BootsLine();
}
