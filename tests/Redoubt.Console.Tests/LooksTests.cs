using Microsoft.Playwright;
using Redoubt.Cli.Tests.Inspecting;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Every page, at three sizes and in both themes: axe finds nothing wrong.</summary>
public sealed class LooksTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _site.InitializeAsync();
        await FurnishAsync();
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Pages_can_be_used_by_everybody_and_fit_every_screen()
    {
        var app = (await _site.AllAsync<VmApplianceRecord>()).Values.First(a => a.NameLabel == "shop").Uuid;
        var vm = (await _site.AllAsync<VmRecord>()).Values.First(v => v.NameLabel == "db").Uuid;
        var volume = (await _site.AllAsync<VdiRecord>()).Values.First(v => v.Type == VdiType.Metadata).Uuid;
        var sr = (await _site.AllAsync<SrRecord>()).Values.First(s => s.NameLabel == "replicated").Uuid;
        (string Path, string Heading)[] pages = [("", "Dashboard"), ("protection", "Protection"), ("vms", "VMs"), ($"vms/{vm}", "db"), ("apps", "vApps"), ($"apps/{app}", "shop"), ("sites", "Sites"), ("storage", "Storage"), ($"storage/{sr}", "replicated"), ("storage/add", "Add storage"), ("hosts", "Hosts"), ("networks", "Networks"), ("users", "Users"), ("plans", "Recovery plans"), ("plans/edit?plan=monthly", "Plan monthly"), ("recover", "Recovery wizard"), ("recover?kind=failover", "Failover"), ("runs", "History"), ($"inspect/{volume}", "Inside the metadata"), ("inspect", "Inside the metadata")];
        using var lost = new LostPool();
        var sent = lost.Dump();
        var broken = sent + ".cut";
        await File.WriteAllTextAsync(
            broken, (await File.ReadAllTextAsync(sent, TestContext.Current.CancellationToken))[..^20],
            TestContext.Current.CancellationToken);
        var looks = new Looks();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await _site.SignInAsync(scheme: scheme);
            foreach (var (path, heading) in pages)
            {
                await page.OpenAsync(path);
                await Expect(page.Heading(heading)).ToBeVisibleAsync();
                await Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
                await looks.AtAsync(
                    page,
                    path.Length == 0 ? "dashboard"
                        : path == "storage/add" ? "storage-add"
                        : path.Split('/', '?')[0] + (path.Contains('/') || path.Contains('?') ? "-one" : ""),
                    scheme);
            }

            await InspectTests.SendAsync(page, sent);
            await page.GetByRole(AriaRole.Button, new() { Name = "web" }).ClickAsync();
            await looks.AtAsync(page, "inspect-sent", scheme);
            await InspectTests.SendAsync(page, broken);
            await Expect(page.GetByText("Damaged beyond use")).ToBeVisibleAsync();
            await looks.AtAsync(page, "inspect-broken", scheme);
        }

        looks.RequireNothingWrong();
    }

    private async Task FurnishAsync()
    {
        var replicated = await _site.CreateSrAsync("replicated");
        var archive = await _site.CreateSrAsync("archive");
        var scratch = await _site.CreateSrAsync("scratch", shared: false);
        await _site.CallAsync("SR.enable_database_replication", [replicated]);
        var shop = await _site.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop", NameDescription = "Database, application, web" }]);
        await _site.CreateVmAsync("db", replicated, shop, 0, 30);
        await _site.CreateVmAsync("app-1", replicated, shop, 1, 15);
        await _site.CreateVmAsync("app-2", replicated, shop, 1, 10);
        await _site.CreateVmAsync("web", replicated, shop, 2);
        await _site.CreateVmAsync("mail", archive);
        await _site.CreateVmAsync("build-agent", scratch);
        var pxe = await _site.CreateVmAsync("pxe", default);
        var lan = await _site.CallAsync<Ref<NetworkRecord>>("network.create", [new NetworkRecord { NameLabel = "lan", Bridge = "xenbr0" }]);
        await _site.CallAsync("VIF.create", [new VifRecord { Vm = pxe, Network = lan, Device = "0", Mac = "" }]);
        await _site.CreateUserAsync("ann", "vm-operator");
        await _site.CreateUserAsync("bert", "pool-operator");
        var plan = new RecoveryRequest
        {
            Policy = new()
            {
                Kind = RecoveryKind.Failover,
                Chosen = new() { Appliances = ["shop"], Tags = ["gold"] },
                Hooks = [new("tell-them", HookMoment.AfterRun)],
            },
        };
        await _site.CallAsync("recovery.save_plan", ["monthly", plan.ToJson()]);
        await _site.CallAsync("recovery.add_schedule", ["monthly", "monthly", "0 3 1 * *"]);
    }
}
