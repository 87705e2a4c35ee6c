using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class ProtectionTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Switching_an_SR_on_protects_its_VMs_and_off_asks_first()
    {
        var sr = await _site.CreateSrAsync("replicated");
        await _site.CreateVmAsync("db", sr);
        var page = await _site.SignInAsync("protection");
        await Expect(page.GetByText("SR not protected")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" }).ClickAsync();

        await Expect(page.GetByText("replicated is protected: the database is on it and has been read back.")).ToBeVisibleAsync();
        await Expect(page.GetByText("Every VM would come back")).ToBeVisibleAsync();
        var state = await _site.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>(
            "SR.get_database_replication_state", [sr]);
        Assert.Equal("healthy", state["health"]);

        await page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" }).ClickAsync();

        var asked = page.GetByRole(AriaRole.Alertdialog);
        await Expect(asked.GetByRole(AriaRole.Button, new() { Name = "Stop protecting" })).ToBeDisabledAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(asked).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" })).ToBeCheckedAsync();

        await page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" }).ClickAsync();
        await asked.GetByLabel("Type replicated to confirm").FillAsync("replicated");
        await page.ShotAsync("stop-protecting");
        await asked.GetByRole(AriaRole.Button, new() { Name = "Stop protecting" }).ClickAsync();
        await Expect(page.GetByText("replicated is not protected any more.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_dashboard_says_what_is_wrong_and_its_button_mends_it()
    {
        await _site.CreateVmAsync("db", await _site.CreateSrAsync("replicated"));
        var page = await _site.SignInAsync();
        await Expect(page.GetByText("replicated is not protected")).ToBeVisibleAsync();
        await page.Button("Protect").ClickAsync();
        await Expect(page.GetByText("Every VM is protected, every copy of the metadata is current")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_others_change_appears_by_itself()
    {
        var page = await _site.SignInAsync("vms");
        await Expect(page.GetByText("There are no VMs yet")).ToBeVisibleAsync();
        await _site.CreateVmAsync("newcomer", default);
        await Expect(page.GetByText("newcomer")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Who_may_only_look_sees_the_switch_disabled_with_the_reason()
    {
        await _site.CreateSrAsync("replicated");
        await _site.CreateUserAsync("eve", "read-only");
        var page = await _site.SignInAsync("protection", "eve");
        var knob = page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" });
        await Expect(knob).ToHaveAttributeAsync("aria-disabled", "true");
        await knob.FocusAsync();
        await Expect(page.GetByRole(AriaRole.Tooltip).First).ToHaveTextAsync("This needs the role Pool Operator; you have Read Only.");
    }

    [Fact]
    public async Task A_refusal_is_shown_in_the_sentence_of_the_API()
    {
        var sr = await _site.CreateSrAsync("replicated");
        var page = await _site.SignInAsync("protection");
        var knob = page.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" });
        await Expect(knob).ToBeVisibleAsync();
        var location = (await _site.AllAsync<PbdRecord>()).Values.Single(p => p.Sr == sr).DeviceConfig["location"];
        Directory.Delete(location, recursive: true);
        await knob.ClickAsync();
        var refusal = await Assert.ThrowsAsync<XenApiException>(() => _site.CallAsync("SR.enable_database_replication", [sr]));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync(Refusals.Sentence(refusal, _site.Server.Daemon.Services.State));
    }

    [Fact]
    public async Task A_start_delay_beyond_all_reason_fails_no_page()
    {
        var app = await _site.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        var vm = await _site.CreateVmAsync("slow", default, app);
        await _site.CallAsync("VM.set_start_delay", [vm, 99_999_999_999_999L]);
        var page = await _site.SignInAsync();
        await Expect(page.Heading("Dashboard")).ToBeVisibleAsync();
        await page.OpenAsync("apps/" + (await _site.CallAsync<VmApplianceRecord>("VM_appliance.get_record", [app])).Uuid);
        var delay = page.GetByLabel("Wait after start, seconds");
        await Expect(delay).ToHaveValueAsync("2592000");
        await delay.FillAsync("30");
        await delay.PressAsync("Tab");
        await Expect(delay).ToHaveValueAsync("30");
    }
}
