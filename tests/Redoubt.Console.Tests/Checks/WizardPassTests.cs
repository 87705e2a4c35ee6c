using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// One pass of the wizard in a pool of 1,200 VMs, each with a disk on the storage and an interface: what is shown at each step follows
/// from what was read once.
/// </summary>
public sealed class WizardPassTests(Browser browser) : IAsyncLifetime
{
    private const int Vms = 1_200;

    private readonly TwoPools _pools = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _pools.StartAsync();
        var sr = await _pools.Lyon.CreateSrAsync("replicated");
        var first = await TwoPools.VmAsync(_pools.Lyon, "vm-0000", sr);
        var disk = (await TwoPools.GetAsync(_pools.Lyon, await TwoPools.DiskOfAsync(_pools.Lyon, first))).Uuid;
        var image = Directory.GetFiles(await TwoPools.LocationAsync(_pools.Lyon, sr), disk + "*", SearchOption.AllDirectories).Single();
        var networks = new List<Ref<NetworkRecord>>();
        for (var i = 0; i < 20; i++)
        {
            networks.Add(await TwoPools.NetworkAsync(_pools.Lyon, $"net-{i:00}"));
            await TwoPools.NetworkAsync(_pools.Paris, $"net-{i:00}");
        }

        await TwoPools.ForgeAsync(_pools.Lyon, tx =>
        {
            var apps = Enumerable.Range(0, 60).Select(i => tx.Create(new VmApplianceRecord { NameLabel = $"vapp-{i:00}" })).ToList();
            for (var i = 1; i < Vms; i++)
            {
                var vm = tx.Create(new VmRecord
                {
                    Uuid = tx.NewUuid(),
                    NameLabel = $"vm-{i:0000}",
                    MemoryStaticMax = 1 << 20,
                    MemoryDynamicMax = 1 << 20,
                    VcpusMax = 1,
                    VcpusAtStartup = 1,
                    Order = i % 3,
                    Appliance = i < Vms / 2 ? apps[i % apps.Count] : default,
                    HvmBootPolicy = "BIOS order",
                });
                var uuid = tx.NewUuid();
                File.Copy(image, image.Replace(disk, uuid, StringComparison.Ordinal));
                var vdi = tx.Create(
                    new VdiRecord { Uuid = uuid, Location = uuid, Sr = sr, VirtualSize = 1 << 20, NameLabel = $"vm-{i:0000} disk" });
                tx.Create(new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Type = VbdType.Disk });
                tx.Create(new VifRecord
                {
                    Vm = vm,
                    Network = networks[i % networks.Count],
                    Device = "0",
                    Mac = $"02:00:00:00:{i >> 8:x2}:{i & 255:x2}",
                });
            }
        });
        await _pools.Lyon.CallAsync("SR.enable_database_replication", [sr]);
        var srUuid = (await TwoPools.GetAsync(_pools.Lyon, sr)).Uuid;
        await TwoPools.AttachAsync(_pools.Paris, await TwoPools.MirrorAsync(_pools.Lyon, sr, _pools.Paris), srUuid);
    }

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    public async Task A_pass_reads_the_storage_once_and_again_when_the_pool_has_changed_and_starts_no_other_plan_than_was_shown()
    {
        var reads = 0;
        var paris = _pools.Paris.Server.Daemon.Services.Database;
        var page = await _pools.Paris.SignInAsync("recover?kind=failover");
        using var watch = paris.Subscribe((_, changes) =>
        {
            // Whoever reads a metadata volume opens a session on it; nobody else comes meanwhile.
            Interlocked.Add(ref reads, changes.Count(c => c.Class.Name == "session" && c.Before is null));
        });
        await page.GetByLabel("I state that the source is dead").CheckAsync();
        foreach (var step in new[] { "Locate storage", "Select vApps and VMs", "Mappings", "Pre-checks", "Review" })
        {
            await NextAsync(page, step);
        }

        Assert.Equal(1, Volatile.Read(ref reads));
        var strip = page.Locator(".strip");
        await Expect(strip).ToContainTextAsync("1200 VMs");

        // A choice is planned without reading anything.
        await page.GetByRole(AriaRole.Button, new() { Name = "Select vApps and VMs" }).ClickAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "vapp-00" }).UncheckAsync();
        await Expect(strip).ToContainTextAsync("1191 VMs");
        await NextAsync(page, "Mappings");
        await NextAsync(page, "Pre-checks");
        Assert.Equal(1, Volatile.Read(ref reads));

        // What has changed here since is read: a network that one of theirs would have been taken for.
        await DestroyNetworkAsync("net-07");
        await page.GetByRole(AriaRole.Button, new() { Name = "Mappings" }).ClickAsync();
        await Expect(strip).ToContainTextAsync("net-07 to nothing yet");
        Assert.Equal(2, Volatile.Read(ref reads));
        await page.GetByLabel("net-07").SelectOptionAsync("net-08");
        await Expect(strip).ToContainTextAsync("net-07 to net-08");
        await NextAsync(page, "Pre-checks");
        await NextAsync(page, "Review");

        // What has changed under a plan that is looked at keeps it from being started, and is shown.
        await DestroyNetworkAsync("net-09");
        await page.GetByLabel("Type the name").FillAsync("paris");
        await page.Button("Fail over").ClickAsync();
        await Expect(page.Locator(".notice.bad").First).ToBeVisibleAsync();
        await Expect(strip).ToContainTextAsync("net-09 to nothing yet");
        await Expect(page.Button("Fail over")).ToHaveAttributeAsync("aria-disabled", "true");
        Assert.Empty(_pools.Paris.Server.Recovery.Runs(_pools.Paris.Server.Daemon.Services.Sessions.Peek(_pools.Paris.Api.Session)!));
    }

    private async Task DestroyNetworkAsync(string name)
    {
        var networks = await _pools.Paris.CallAsync<ImmutableList<Ref<NetworkRecord>>>("network.get_by_name_label", [name]);
        await _pools.Paris.CallAsync("network.destroy", [networks[0]]);
    }

    private static async Task NextAsync(IPage page, string step)
    {
        var watch = Stopwatch.StartNew();
        await page.Button("Next").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync();
        await Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
        TestContext.Current.SendDiagnosticMessage(
            "{0}: {1} ms, {2} characters", step, watch.ElapsedMilliseconds, (await page.ContentAsync()).Length);
    }
}
