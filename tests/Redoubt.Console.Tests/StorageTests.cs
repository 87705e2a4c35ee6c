using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Console.Srs;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Storage in the browser: made, found, attached, detached, forgotten and destroyed.</summary>
public sealed class StorageTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Storage_is_made_looked_at_detached_forgotten_found_again_and_destroyed()
    {
        await _site.CreateSrAsync("archive");
        var place = _site.NewDirectory();
        var page = await _site.SignInAsync("storage");
        await Expect(page.Heading("Storage")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Add storage" }).ClickAsync();

        // What is missing is said, and nothing is made.
        await page.GetByLabel("Type", new() { Exact = true }).SelectOptionAsync("file");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("fast");
        await page.Button("Make it").ClickAsync();
        await Expect(page.GetByText("Directory is missing.")).ToBeVisibleAsync();
        await page.GetByLabel("Directory", new() { Exact = true }).FillAsync(place);
        await page.Button("Find what is there").ClickAsync();
        await Expect(page.GetByText("No SR lies there.")).ToBeVisibleAsync();
        await page.Button("Make it").ClickAsync();
        await Expect(page.GetByText("fast was made and attached.")).ToBeVisibleAsync();

        var sr = (await _site.AllAsync<SrRecord>()).Single(s => s.Value.NameLabel == "fast");
        await _site.CreateVmAsync("db", sr.Key);
        await page.OpenAsync("storage");
        await Expect(page.GetByText("2 of 2 SRs", new() { Exact = false })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Name" }).ClickAsync();
        await Expect(page.Locator("tbody a.name")).ToHaveTextAsync(["fast", "archive"]);
        await page.GetByLabel("Find storage by name, type or UUID").FillAsync("fas");
        await page.GetByRole(AriaRole.Link, new() { Name = "fast" }).ClickAsync();
        await Expect(page.Heading("fast")).ToBeVisibleAsync();
        await Expect(page.GetByText("db disk")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "db", Exact = true })).ToBeVisibleAsync();
        await page.GetByLabel("New name").FillAsync("faster");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Heading("faster")).ToBeVisibleAsync();

        // One after the other, each in red and typed.
        await Expect(page.Button("Forget")).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Detach: " }).ClickAsync();
        await AgreeAsync(page, "faster", "Detach");
        await Expect(page.GetByText("faster is detached.")).ToBeVisibleAsync();
        await page.Button("Forget").ClickAsync();
        await AgreeAsync(page, "faster", "Forget");
        await Expect(page.GetByText("The pool has forgotten faster.")).ToBeVisibleAsync();
        await Expect(page.Heading("There is no such SR")).ToBeVisibleAsync();
        Assert.DoesNotContain(await _site.AllAsync<SrRecord>(), s => s.Value.NameLabel == "faster");

        await page.OpenAsync("storage/add");
        await page.GetByLabel("Type", new() { Exact = true }).SelectOptionAsync("file");
        await page.GetByLabel("Directory", new() { Exact = true }).FillAsync(place);
        await page.Button("Find what is there").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Attach: " }).ClickAsync();
        await AgreeAsync(page, sr.Value.Uuid, "Attach");
        await Expect(page.GetByText("is attached.")).ToBeVisibleAsync();
        await Expect(page.GetByText("is known to this pool already")).ToBeVisibleAsync();
        var again = (await _site.AllAsync<SrRecord>()).Single(s => s.Value.Uuid == sr.Value.Uuid);
        Assert.Single(again.Value.Vdis);
        await page.ShotAsync("storage-add");

        await page.OpenAsync($"storage/{sr.Value.Uuid}");
        await Expect(page.Button("Destroy")).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Destroy: " }).ClickAsync();
        await AgreeAsync(page, (await _site.AllAsync<VdiRecord>())[again.Value.Vdis[0]].Uuid, "Destroy");
        await Expect(page.GetByText("There are no disks on it")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Detach: " }).ClickAsync();
        await AgreeAsync(page, sr.Value.Uuid, "Detach");
        await page.Button("Destroy").ClickAsync();
        await AgreeAsync(page, sr.Value.Uuid, "Destroy");
        await Expect(page.Heading("There is no such SR")).ToBeVisibleAsync();
        Assert.Empty(Directory.GetFileSystemEntries(place));
    }

    [Fact]
    public async Task Shared_storage_that_was_found_is_attached_while_a_host_is_down_and_what_is_refused_leaves_nothing()
    {
        var place = _site.NewDirectory();
        var made = await _site.CreateSrAsync("fast", place);
        var uuid = (await _site.AllAsync<SrRecord>())[made].Uuid;
        await _site.CallAsync("PBD.unplug", [(await _site.AllAsync<SrRecord>())[made].Pbds[0]]);
        await _site.CallAsync("SR.forget", [made]);
        await _site.Server.Daemon.Services.Database.WriteAsync(
            tx => tx.Create(new HostRecord { Uuid = tx.NewUuid(), NameLabel = "down", Metrics = tx.Create(new HostMetricsRecord()) }),
            TestContext.Current.CancellationToken);

        var page = await _site.SignInAsync("storage/add");
        var directory = page.GetByLabel("Directory", new() { Exact = true });
        await page.GetByLabel("Type", new() { Exact = true }).SelectOptionAsync("file");
        await directory.FillAsync(place);
        await page.Button("Find what is there").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Attach: " }).ClickAsync();

        // It has gone meanwhile.
        Directory.Move(place, place + ".away");
        await AgreeAsync(page, uuid, "Attach");
        await Expect(page.Locator(".notice.bad")).ToContainTextAsync(place);
        Assert.Empty(await _site.AllAsync<SrRecord>());
        Assert.Empty(await _site.AllAsync<PbdRecord>());

        // What was looked at is attached, whatever the form says by now.
        Directory.Move(place + ".away", place);
        await page.Button("Find what is there").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Attach: " }).ClickAsync();
        await directory.EvaluateAsync(
            "(e, other) => { e.value = other; e.dispatchEvent(new Event('change', { bubbles: true })); }", "/other");
        await AgreeAsync(page, uuid, "Attach");
        await Expect(page.GetByText($"{uuid} is attached.")).ToBeVisibleAsync();
        var hosts = await _site.AllAsync<HostRecord>();
        Assert.Equal(
            ["down: False", $"{hosts.Values.Single(h => h.NameLabel != "down").NameLabel}: True"],
            (await _site.AllAsync<PbdRecord>()).Values.Where(p => p.DeviceConfig["location"] == place).OrderBy(p => p.CurrentlyAttached)
                .Select(p => $"{hosts[p.Host].NameLabel}: {p.CurrentlyAttached}"));
    }

    [Fact]
    public async Task Secrets_are_not_shown_and_a_role_that_may_not_is_told_why()
    {
        var sr = await _site.CreateSrAsync("fast");
        await _site.Server.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                var pbd = tx.Get(sr).Pbds[0];
                tx.Update(pbd, p => p with { DeviceConfig = p.DeviceConfig.Add("cifspassword", "hunter2").Add("chappassword", "hunter3") });
                return true;
            },
            TestContext.Current.CancellationToken);
        var page = await _site.SignInAsync($"storage/{(await _site.AllAsync<SrRecord>())[sr].Uuid}");
        await Expect(page.GetByText("cifspassword=")).ToBeVisibleAsync();
        Assert.DoesNotContain("hunter", await page.ContentAsync(), StringComparison.Ordinal);
        await page.OpenAsync("storage/add");
        await page.GetByLabel("Type", new() { Exact = true }).SelectOptionAsync("rbd");
        await page.GetByLabel("Monitors").FillAsync("mon1");
        await page.GetByLabel("Key of that user").FillAsync("AQBhunter4==");
        await page.GetByLabel("Key of that user").PressAsync("Tab");
        await Expect(page.GetByText("device-config:monitors=mon1").First).ToBeAttachedAsync();
        await Expect(page.GetByLabel("Key of that user")).ToHaveAttributeAsync("type", "password");
        await Expect(page.GetByLabel("Key of that user")).ToHaveValueAsync("AQBhunter4==");
        Assert.DoesNotContain("hunter", await page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", await page.Locator(".commands").First.TextContentAsync() ?? "", StringComparison.Ordinal);

        await _site.CreateUserAsync("ann", "read-only");
        page = await _site.SignInAsync("storage/add", "ann");
        await Expect(page.Button("Make it")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.Locator("[role=tooltip]", new() { HasText = "Pool Operator" }).First).ToBeAttachedAsync();
    }

    [Fact]
    public void What_a_place_offers_is_read_from_the_refusal_and_what_is_missing_is_named()
    {
        var devices = new XenApiException(
            "SR_BACKEND_FAILURE_90", "", "",
            "<Devlist><BlockDevice><path>/dev/sdb</path><size>1</size></BlockDevice>"
                + "<BlockDevice><path>/dev/sdc</path></BlockDevice></Devlist>");
        Assert.Equal(["/dev/sdb", "/dev/sdc"], SrForm.OfferedBy(devices)!.Value.Values);
        var exports = new XenApiException(
            "SR_BACKEND_FAILURE_101", "", "", "<nfs-exports><Export><Target>nas</Target><Path>/srv</Path></Export></nfs-exports>");
        Assert.Equal(("serverpath", "/srv"), (SrForm.OfferedBy(exports)!.Value.Key, SrForm.OfferedBy(exports)!.Value.Values[0]));
        Assert.Null(SrForm.OfferedBy(new("SR_BACKEND_FAILURE_47", "", "the server does not answer", "<half")));
        var nfs = SrForm.Of("nfs")!.Value;
        Assert.Throws<FormatException>(() => SrForm.Read(nfs, new Dictionary<string, string> { ["server"] = "nas" }, isAll: true));
        Assert.Equal(
            ImmutableSortedDictionary<string, string>.Empty.Add("server", "nas"),
            SrForm.Read(nfs, new Dictionary<string, string> { ["server"] = " nas ", ["serverpath"] = " " }, isAll: false));
        Assert.Null(SrForm.Of("lvmoiscsi"));
    }

    private static async Task AgreeAsync(IPage page, string word, string act)
    {
        var ask = page.GetByRole(AriaRole.Alertdialog);
        await Expect(ask.GetByRole(AriaRole.Button, new() { Name = act, Exact = true })).ToBeDisabledAsync();
        await ask.GetByRole(AriaRole.Textbox).FillAsync(word);
        await ask.GetByRole(AriaRole.Button, new() { Name = act, Exact = true }).ClickAsync();
    }
}
