using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>VMs in the browser: found, started together, looked at one by one.</summary>
public sealed class VmsTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task VMs_are_chosen_and_acted_on_together_and_each_has_a_page_of_its_own()
    {
        var sr = await _site.CreateSrAsync("fast");
        var shop = await _site.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        var (db, web) = (await _site.CreateVmAsync("db", sr), await _site.CreateVmAsync("web", sr));
        await _site.CreateVmAsync("mail", sr);
        await _site.CallAsync("VM.set_memory", [web, 1L << 42]);

        var page = await _site.SignInAsync("");
        await page.Keyboard.PressAsync("Control+k");
        await page.GetByLabel("A VM, vApp, plan, SR or page").FillAsync("VMs");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Heading("VMs")).ToBeVisibleAsync();
        await Expect(page.GetByText("3 of 3 VMs")).ToBeVisibleAsync();

        await page.GetByLabel("Find VMs by name, tag, UUID or MAC address").FillAsync("b");
        await Expect(page.GetByText("2 of 3 VMs")).ToBeVisibleAsync();
        await page.GetByLabel("Choose all that are shown").CheckAsync();
        await page.GetByLabel("Put into a vApp").SelectOptionAsync("shop");
        await Expect(page.GetByText("Done with 2 VMs.")).ToBeVisibleAsync();
        Assert.Equal([db, web], (await _site.CallAsync<VmApplianceRecord>("VM_appliance.get_record", [shop])).Vms.OrderBy(v => v == web));
        await page.GetByLabel("New tag").FillAsync("gold");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".chip.tag")).ToHaveTextAsync(["gold", "gold"]);

        // One that refuses keeps no other from it, and is named.
        await page.Button("Start 2").ClickAsync();
        await Expect(page.GetByText("Done with 1 of 2 VMs. web:")).ToBeVisibleAsync();
        Assert.Equal(VmPowerState.Running, (await _site.CallAsync<VmRecord>("VM.get_record", [db])).PowerState);

        await page.GetByRole(AriaRole.Link, new() { Name = "db", Exact = true }).ClickAsync();
        await Expect(page.Heading("db")).ToBeVisibleAsync();
        await Expect(page.GetByText("Running", new() { Exact = true })).ToBeVisibleAsync();

        // What costs data is typed.
        await page.Button("Switch off").ClickAsync();
        var ask = page.GetByRole(AriaRole.Alertdialog);
        await Expect(ask.GetByRole(AriaRole.Button, new() { Name = "Switch off" })).ToBeDisabledAsync();
        await ask.GetByRole(AriaRole.Textbox).FillAsync("db");
        await ask.GetByRole(AriaRole.Button, new() { Name = "Switch off" }).ClickAsync();
        await Expect(page.Button("Start")).ToBeVisibleAsync();
        Assert.Equal(VmPowerState.Halted, (await _site.CallAsync<VmRecord>("VM.get_record", [db])).PowerState);

        await page.GetByLabel("Name of the new snapshot").FillAsync("before");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("The snapshot before was taken.")).ToBeVisibleAsync();
        await page.Button("Remove before").ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(page.GetByText("The snapshot before was removed.")).ToBeVisibleAsync();
        Assert.Single(await _site.AllAsync<VdiRecord>(), v => v.Value.NameLabel.StartsWith("db", StringComparison.Ordinal));

        await page.OpenAsync("vms/no-such-vm");
        await Expect(page.Heading("There is no such VM")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Who_goes_from_one_object_to_another_sees_the_other_one()
    {
        await _site.CreateVmAsync("web", default);
        await _site.CreateVmAsync("mail", default);
        foreach (var name in new[] { "shop", "office" })
        {
            await _site.CallAsync("VM_appliance.create", [new VmApplianceRecord { NameLabel = name }]);
            await _site.CreateSrAsync($"{name} disks");
        }

        var page = await _site.SignInAsync();
        foreach (var name in new[] { "web", "mail", "shop", "office", "shop disks", "office disks" })
        {
            await page.Keyboard.PressAsync("Control+k");
            await page.GetByLabel("A VM, vApp, plan, SR or page").FillAsync(name);
            await page.Locator(".palette a").Filter(new() { HasTextRegex = new($@"^\s*{name}\s*(VM|vApp|SR)\s*$") }).ClickAsync();
            await Expect(page.Heading(name)).ToBeVisibleAsync();
        }
    }
}
