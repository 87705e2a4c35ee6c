using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>They share two pools, since these take longer to make than the tests do: each has plans and people of its own.</summary>
public sealed class PlanEditTests(PlanScene scene) : IClassFixture<PlanScene>
{
    private static readonly RecoveryPolicy Policy = new() { Kind = RecoveryKind.Failover };

    [Fact]
    public async Task A_plan_is_written_by_keyboard_alone()
    {
        await scene.Target.CallAsync("network.create", [new NetworkRecord { NameLabel = "uplink" }]);
        var page = await scene.OpenAsync("plans/new");
        await TabToAsync(page, "Name");
        await page.Keyboard.TypeAsync("shop-first");
        await TabToAsync(page, "Everything that is found, also what is added later");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByLabel("Find by name, tag or vApp")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "mail" })).ToBeVisibleAsync();
        await TabToAsync(page, "Find by name, tag or vApp");
        await page.Keyboard.TypeAsync("sho");
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "mail" })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "shop 2 VMs" })).ToBeVisibleAsync();
        await TabToAsync(page, "shop 2 VMs");
        await page.Keyboard.PressAsync("Space");
        await Expect(page.GetByText("1 selected")).ToBeVisibleAsync();
        await TabToAsync(page, "Tag");
        await page.Keyboard.TypeAsync("gold");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByLabel("Network that takes its place: lan")).ToHaveCountAsync(2);
        await TabToAsync(page, "Network that takes its place: lan");
        await page.Keyboard.TypeAsync("up");
        await TabToAsync(page, "If a tier does not come up");
        await page.Keyboard.PressAsync("ArrowDown");
        await TabToAsync(page, "Start order: VM");
        await page.Keyboard.TypeAsync("web");
        await TabToAsync(page, "Start order: Tier it starts in");
        await page.Keyboard.TypeAsync("7");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "Hooks: Script");
        await page.Keyboard.TypeAsync("tell-them");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("before the run", new() { Exact = true }).First).ToBeVisibleAsync();
        await page.GetByText("Rarely needed").Last.PressAsync("Enter");
        await TabToAsync(page, "Storage that is probed: Type");
        await page.Keyboard.TypeAsync("lvmoiscsi");
        await TabToAsync(page, "Storage that is probed: Device configuration, key=value");
        await page.Keyboard.TypeAsync("target=10.0.0.1 chappassword=x");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("lvmoiscsi device-config:chappassword='(secret)'").First).ToBeVisibleAsync();
        Assert.Empty(await Accessibility.CheckAsync(page));
        await page.ShotAsync("plan-new");

        // A password would lie in clear on the storage: the API refuses it, and says so.
        await TabToAsync(page, "Save", back: true);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("it holds a password, which would lie in clear")).ToBeVisibleAsync();
        await TabToAsync(page, "Remove: lvmoiscsi");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("lvmoiscsi device-config:")).ToHaveCountAsync(0);
        await TabToAsync(page, "Save", back: true);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("The plan shop-first is saved")).ToBeVisibleAsync();
        await Expect(page.Heading("Plan shop-first")).ToBeVisibleAsync();

        var saved = (await scene.PlanAsync("shop-first"))!.Policy;
        Assert.Single(saved.Chosen.Appliances);
        Assert.Equal(["gold"], saved.Chosen.Tags);
        Assert.Equal("uplink", Assert.Single(saved.Networks).Value);
        Assert.Equal(TierFailure.Stop, saved.OnTierFailure);
        Assert.Equal(KeyValuePair.Create("web", 7L), Assert.Single(saved.Orders));
        Assert.Equal(new RunHook("tell-them", HookMoment.BeforeRun), Assert.Single(saved.Hooks));
        Assert.Contains(
            await scene.Target.AuditAsync(),
            l => l.Contains("recovery.save_plan", StringComparison.Ordinal) && l.Contains("root", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_only_the_other_site_has_can_be_typed()
    {
        await scene.SaveAsync("typed", Policy);
        var page = await scene.OpenAsync("plans/edit?plan=typed");
        var storage = page.GetByRole(AriaRole.Region, new() { Name = "Which SR stands for which, where it is not the same one." });
        await storage.GetByRole(AriaRole.Button, new() { Name = "Type names or UUIDs" }).ClickAsync();
        var (theirs, ours) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        await storage.GetByPlaceholder("SR of the source").FillAsync(theirs);
        await storage.GetByPlaceholder("SR that takes its place").FillAsync(ours);
        await page.Keyboard.PressAsync("Enter");
        await Expect(storage.GetByLabel($"SR that takes its place: {theirs}")).ToHaveValueAsync(ours);
        await page.Button("Save").ClickAsync();
        await Expect(page.GetByText("The plan typed is saved")).ToBeVisibleAsync();
        Assert.Equal(KeyValuePair.Create(theirs, ours), Assert.Single((await scene.PlanAsync("typed"))!.Policy.Storage));
    }

    [Fact]
    public async Task A_finding_appears_while_editing_and_goes_when_it_is_mended()
    {
        await scene.Target.CallAsync("network.create", [new NetworkRecord { NameLabel = "uplink" }]);
        await scene.SaveAsync("mended", Policy);
        var page = await scene.OpenAsync("plans/edit?plan=mended");
        var checks = page.GetByRole(AriaRole.Region, new() { Name = "Checks" });
        var network = page.GetByLabel("Network that takes its place: lan").First;
        await Expect(checks.GetByText("network-unmapped")).ToBeVisibleAsync();
        await Expect(network.GetByRole(AriaRole.Option, new() { Name = "not mapped: choose a network" })).ToBeAttachedAsync();
        await page.ShotAsync("plan-finding");
        await network.SelectOptionAsync("uplink");
        await Expect(checks.GetByText("network-unmapped")).ToHaveCountAsync(0);
        await Expect(checks.GetByText("Nothing stands in the way")).ToBeVisibleAsync();

        // What the pool does meanwhile is shown, but has no other pool's database read again.
        var opened = new TaskCompletionSource();
        using (scene.Target.Server.Daemon.Services.Database.Subscribe((_, changes) =>
        {
            if (changes.Any(c => c.ToString().Contains("session", StringComparison.OrdinalIgnoreCase)))
            {
                opened.TrySetResult();
            }
        }))
        {
            await page.GetByLabel("Only what is selected here").CheckAsync();
            await page.GetByLabel("mail").CheckAsync();
            await Expect(checks.GetByText("1 VM in 1 tier")).ToBeVisibleAsync();
            await scene.Target.CreateVmAsync("late", default);
            await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "late" })).ToBeVisibleAsync();
            Assert.False(opened.Task.IsCompleted);
            await checks.GetByRole(AriaRole.Button, new() { Name = "Look again" }).ClickAsync();
            await opened.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            await Expect(checks.GetByText("1 VM in 1 tier")).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task What_cannot_be_saved_is_refused_in_the_sentence_of_the_API_and_nothing_is_overwritten_unasked()
    {
        await scene.SaveAsync("shop", Policy);
        await scene.SaveAsync("other", Policy with { OnTierFailure = TierFailure.Ask });
        await scene.Target.CallAsync("recovery.add_schedule", ["weekly", "shop", "0 3 * * 6"]);
        var page = await scene.OpenAsync("plans/edit?plan=shop");
        var name = page.GetByLabel("Name", new() { Exact = true });
        await name.FillAsync("two words");
        await page.Button("Save").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert))
            .ToContainTextAsync("two words (a name has up to 64 letters, digits, '-', '_' and '.')");

        await page.GetByLabel("Only what is selected here").CheckAsync();
        await Expect(page.Button("Save")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.Locator(".why .tip").First).ToContainTextAsync("Select at least one");
        await page.GetByLabel("Everything that is found").CheckAsync();

        await name.FillAsync("other");
        await page.Button("Save").ClickAsync();
        await Expect(page.GetByText("There is a plan other already")).ToBeVisibleAsync();
        await page.Button("Cancel").ClickAsync();

        // As long as a question stands, nothing else takes what is typed.
        await Expect(page.GetByRole(AriaRole.Alertdialog)).ToHaveCountAsync(0);
        Assert.Equal(TierFailure.Ask, (await scene.PlanAsync("other"))!.Policy.OnTierFailure);

        // Under a name that is free it is a renaming, which takes the schedules along.
        await name.FillAsync("store");
        await Expect(page.GetByText("redoubt dr-plan-remove name=shop")).ToBeHiddenAsync();
        await page.Button("Save").ClickAsync();
        await Expect(page.GetByText("The plan shop is called store now")).ToBeVisibleAsync();
        Assert.Null(await scene.PlanAsync("shop"));
        Assert.NotNull(await scene.PlanAsync("store"));
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "0 3 * * 6" })).ToBeVisibleAsync();

        // Leaving with changes is asked about, and they can be discarded.
        await page.GetByLabel("If a tier does not come up").First.SelectOptionAsync("Ask");
        await page.GetByRole(AriaRole.Link, new() { Name = "All plans" }).ClickAsync();
        await Expect(page.GetByText("What you have changed since the plan was saved is lost.")).ToBeVisibleAsync();
        await page.Button("Cancel").ClickAsync();
        await page.Button("Discard changes").ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Discard changes" }).ClickAsync();
        await Expect(page.GetByLabel("If a tier does not come up").First).ToHaveValueAsync("Continue");
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Who_may_only_look_sees_the_plan_and_why_they_cannot_change_it()
    {
        await scene.Target.CreateUserAsync("eve", "read-only");
        await scene.SaveAsync("seen", Policy with { Chosen = new() { Tags = ["gold"] } });
        var page = await scene.OpenAsync("plans/edit?plan=seen", "eve");
        await Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "This needs the role Pool Operator; you have Read Only." }))
            .ToBeVisibleAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToBeDisabledAsync();
        await Expect(page.GetByLabel("Usually run as")).ToBeDisabledAsync();
        await Expect(page.Button("Save")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.Button("Add the schedule")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.Locator(".chip").GetByText("gold", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Empty(await Accessibility.CheckAsync(page));
    }

    [Fact]
    public async Task Two_people_at_one_plan_are_told_of_each_other()
    {
        await scene.SaveAsync("shared", Policy);
        await scene.Target.CreateUserAsync("ann", "pool-operator");
        var root = await scene.OpenAsync("plans/edit?plan=shared");
        var ann = await scene.OpenAsync("plans/edit?plan=shared", "ann");
        var idle = await scene.OpenAsync("plans/edit?plan=shared", "ann");
        await root.GetByLabel("Afterwards the VMs").SelectOptionAsync("Paused");
        await ann.GetByLabel("Afterwards the VMs").SelectOptionAsync("Halted");
        await ann.Button("Save").ClickAsync();
        await Expect(ann.GetByText("The plan shared is saved")).ToBeVisibleAsync();

        // Who has changed nothing sees what is saved; who has is asked.
        await Expect(idle.GetByLabel("Afterwards the VMs")).ToHaveValueAsync("Halted");
        await Expect(root.GetByText("ann has saved this plan")).ToBeVisibleAsync();
        await root.Button("Save").ClickAsync();
        await Expect(root.GetByText("ann has saved this plan since you opened it.")).ToBeVisibleAsync();
        await root.Button("Cancel").ClickAsync();
        Assert.Equal(PowerStateAfter.Halted, (await scene.PlanAsync("shared"))!.Policy.PowerState);
        await root.Button("Take theirs").ClickAsync();
        await Expect(root.GetByLabel("Afterwards the VMs")).ToHaveValueAsync("Halted");
        await scene.Target.CallAsync("recovery.remove_plan", ["shared"]);
        await Expect(root.GetByText("The plan has been removed meanwhile.")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Plans_of_one_name_in_two_pools_have_each_their_own_tests_and_history()
    {
        await scene.SaveAsync(
            "everything", Policy with { Kind = RecoveryKind.Test, PowerState = PowerStateAfter.Halted, Chosen = new() { Vms = ["mail"] } });
        var page = await scene.OpenAsync("recover?plan=everything&from=here&kind=test");
        foreach (var step in new[] { "Locate storage", "Select vApps and VMs", "Mappings", "Pre-checks", "Review" })
        {
            await page.Button("Next").ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync();
        }

        await page.Button("Start the test").ClickAsync();
        await page.WaitForURLAsync("**/runs/*");
        await Expect(page.GetByText("Succeeded", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = 60_000 });

        await page.OpenAsync("plans");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "everything of this pool" })).ToContainTextAsync("Tested");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "everything of paris" })).ToContainTextAsync("Never tested");
        await page.ShotAsync("plans-two-pools");
        await page.GetByRole(AriaRole.Row, new() { Name = "everything of this pool" })
            .GetByRole(AriaRole.Link, new() { Name = "everything" }).ClickAsync();
        var history = page.GetByRole(AriaRole.Region, new() { Name = "Runs of this plan" });
        await Expect(history.GetByText("Succeeded")).ToBeVisibleAsync();
        await history.GetByRole(AriaRole.Link, new() { Name = "Report" }).ClickAsync();
        await Expect(page.Heading("Report")).ToBeVisibleAsync();

        // What is saved anew has not been tested; the run stays in its history.
        await scene.SaveAsync("everything", Policy);
        await page.OpenAsync("plans/edit?plan=everything");
        await Expect(history.GetByText("Never tested")).ToBeVisibleAsync();
        await Expect(history.GetByText("as it was before")).ToBeVisibleAsync();

        // Theirs, saved here, is ours.
        await page.OpenAsync("plans");
        await page.GetByRole(AriaRole.Row, new() { Name = "everything of paris" })
            .GetByRole(AriaRole.Link, new() { Name = "everything" }).ClickAsync();
        await Expect(page.GetByText("This plan is of paris.")).ToBeVisibleAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("all-of-paris");
        await page.Button("Save").ClickAsync();
        await Expect(page.GetByText("The plan all-of-paris is saved")).ToBeVisibleAsync();
        Assert.NotNull(await scene.PlanAsync("everything"));
    }

    // As somebody without a mouse goes: from one thing to the next.
    private static async Task TabToAsync(IPage page, string label, bool back = false)
    {
        for (var i = 0; i < 80; i++)
        {
            await page.Keyboard.PressAsync(back ? "Shift+Tab" : "Tab");
            var name = await page.EvaluateAsync<string>(
                "() => { const e = document.activeElement; return (e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText "
                    + "|| '').replace(/\\s+/g, ' ').trim(); }");
            if (name == label)
            {
                return;
            }
        }

        Assert.Fail($"The keyboard does not lead to {label}.");
    }
}
