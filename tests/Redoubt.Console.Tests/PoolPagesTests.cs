using Microsoft.Playwright;
using Redoubt.Console.Hosts;
using Redoubt.Console.Networks;
using Redoubt.Console.Srs;
using Redoubt.Database;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Hosts, networks and users in the browser.</summary>
public sealed class PoolPagesTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_host_shows_what_it_has_and_is_kept_from_taking_VMs()
    {
        var vm = await _site.CreateVmAsync("db", await _site.CreateSrAsync("fast"));
        await _site.CallAsync("VM.start", [vm, false, false]);
        var page = await _site.SignInAsync("hosts");
        await Expect(page.GetByText("1 of 1 hosts")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "db" })).ToBeVisibleAsync();
        await Expect(page.GetByText("free of 64 GiB")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Move its VMs away" })).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take no more VMs" }).ClickAsync();
        await Expect(page.GetByText("takes no VMs", new() { Exact = true })).ToBeVisibleAsync();
        Assert.False((await _site.AllAsync<HostRecord>()).Values.Single().Enabled);
        await page.GetByRole(AriaRole.Button, new() { Name = "Let it take VMs" }).ClickAsync();
        await Expect(page.GetByText("takes VMs", new() { Exact = true })).ToBeVisibleAsync();
        Assert.True((await _site.AllAsync<HostRecord>()).Values.Single().Enabled);
    }

    [Fact]
    public void What_a_host_has_free_is_what_it_said_last_as_long_as_it_answers()
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        Ref<HostRecord> Host(string name, long freeBytes) => tx.Create(new HostRecord
        {
            NameLabel = name,
            Enabled = true,
            Metrics = tx.Create(new HostMetricsRecord { MemoryTotal = 4L << 30, MemoryFree = freeBytes }),
        });
        var (one, silent) = (Host("one", 1L << 30), Host("silent", 1L << 30));
        Host("new", 0);
        var pool = tx.Create(new PoolRecord { Master = one });
        var rows = HostRow.All(tx.State, pool, host => host != silent);
        Assert.Equal(
            ["new: not known, takes VMs", "one: 1 GiB free of 4 GiB, takes VMs", "silent: not known, does not answer"],
            rows.Select(r => $"{r.Name}: {r.Memory}, {r.Standing.Text}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_network_is_made_renamed_and_destroyed_unless_a_VM_is_on_it()
    {
        var page = await _site.SignInAsync("networks");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("front");
        await page.Button("Make it").ClickAsync();
        await Expect(page.GetByText("front was made.")).ToBeVisibleAsync();
        await page.Button("Rename: front").ClickAsync();
        await page.GetByLabel("New name of front").FillAsync("lan");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("front is called lan now.")).ToBeVisibleAsync();
        var lan = (await _site.AllAsync<NetworkRecord>()).Single(n => n.Value.NameLabel == "lan").Key;
        var vm = await _site.CreateVmAsync("db", default);
        var nic = await _site.CallAsync<Ref<VifRecord>>("VIF.create", [new VifRecord { Vm = vm, Network = lan, Device = "0", Mac = "" }]);
        await page.GetByLabel("Find networks by name, bridge or VM").FillAsync("db");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "db" })).ToBeVisibleAsync();
        var destroy = page.GetByRole(AriaRole.Button, new() { Name = "Destroy" });
        await Expect(destroy).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(page.GetByText("VMs have interfaces on it: db.")).ToBeAttachedAsync();
        await _site.CallAsync("VIF.destroy", [nic]);
        await page.GetByLabel("Find networks by name, bridge or VM").FillAsync("lan");
        await page.Button("Destroy: lan").ClickAsync();
        var ask = page.GetByRole(AriaRole.Alertdialog);
        await ask.GetByRole(AriaRole.Textbox).FillAsync("lan");
        await ask.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Expect(page.GetByText("lan was destroyed.")).ToBeVisibleAsync();
        Assert.DoesNotContain(await _site.AllAsync<NetworkRecord>(), n => n.Value.NameLabel == "lan");
    }

    [Fact]
    public void What_a_snapshot_or_a_template_uses_is_kept_from_being_destroyed_and_only_VMs_have_links()
    {
        var tx = new Transaction(DatabaseState.Empty, Guid.NewGuid);
        var (sr, lan) = (tx.Create(new SrRecord()), tx.Create(new NetworkRecord { NameLabel = "lan" }));
        VmRecord[] users =
        [
            new() { NameLabel = "db" },
            new() { NameLabel = "db as it was", IsASnapshot = true },
            new() { NameLabel = "model", IsATemplate = true },
        ];
        foreach (var vm in users)
        {
            var user = tx.Create(vm with { Uuid = tx.NewUuid() });
            var disk = tx.Create(new VdiRecord { Sr = sr, NameLabel = $"{vm.NameLabel} disk" });
            tx.Create(new VbdRecord { Vm = user, Vdi = disk });
            tx.Create(new VifRecord { Vm = user, Network = lan });
        }

        tx.Create(new VdiRecord { Sr = sr, NameLabel = "spare" });
        Assert.Equal(
            ["db as it was disk: VMs have it: db as it was.", "db disk db: VMs have it: db.", "model disk: VMs have it: model.", "spare: "],
            DiskRow.All(tx.State, tx.State.Get(sr))
                .Select(d => $"{string.Join(' ', d.Users.Shown.Select(v => v.Name).Prepend(d.Name))}: {d.WhyNotDestroy}")
                .Order(StringComparer.Ordinal));
        var row = Assert.Single(NetworkRow.All(tx.State));
        Assert.Equal(["db"], row.Users.Shown.Select(v => v.Name));
        Assert.Equal("VMs have interfaces on it: db, db as it was, model.", row.WhyNotDestroy);
    }

    [Fact]
    public async Task Long_names_and_many_rows_fit_every_screen()
    {
        var name = new string('n', 120);
        var sr = await _site.CreateSrAsync(name);
        await _site.Server.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                for (var i = 0; i < 300; i++)
                {
                    tx.Create(new NetworkRecord { Uuid = tx.NewUuid(), NameLabel = $"net-{i:000}", Bridge = $"br{i}" });
                    tx.Create(new SubjectRecord { Uuid = tx.NewUuid(), SubjectIdentifier = $"S-1-5-{i}{name}" });
                    var disk = tx.NewUuid();
                    tx.Create(
                        new VdiRecord { Uuid = disk, Location = disk, Sr = sr, NameLabel = $"{name}-{i:000}", VirtualSize = 1 << 20 });
                }

                return true;
            },
            TestContext.Current.CancellationToken);
        await _site.CallAsync("network.create", [new NetworkRecord { NameLabel = name, NameDescription = name }]);
        var page = await _site.SignInAsync();
        var wrong = new List<string>();
        var uuid = (await _site.AllAsync<SrRecord>())[sr].Uuid;
        foreach (var (path, heading, rows) in new[]
        {
            ("storage", "Storage", 1), ($"storage/{uuid}", name, 20), ("storage/add", "Add storage", 0), ("networks", "Networks", 20),
            ("hosts", "Hosts", 1), ("users", "Users", 10),
        })
        {
            await page.OpenAsync(path);
            await Expect(page.Heading(heading)).ToBeVisibleAsync();
            if (rows > 0)
            {
                await Expect(page.Locator("tbody tr").Nth(rows - 1)).ToBeAttachedAsync();
            }

            Assert.InRange(await page.Locator("tbody tr").CountAsync(), rows, 100);
            foreach (var width in new[] { 1440, 768, 390 })
            {
                await page.SetViewportSizeAsync(width, 900);
                var wide = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");
                wrong.AddRange(wide > 0 ? [$"{path} is {wide} pixels wider than a screen of {width}"] : []);
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task A_user_is_made_given_a_role_and_a_password_and_removed_by_whoever_may()
    {
        var page = await _site.SignInAsync("users");
        await Expect(page.GetByText("There are no users but root")).ToBeVisibleAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("ann");
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(TestSite.Password);
        await page.GetByLabel("Role", new() { Exact = true }).SelectOptionAsync("vm-operator");
        await page.Button("Make the user").ClickAsync();
        await Expect(page.GetByText("ann can sign in now.")).ToBeVisibleAsync();

        await Expect(page.GetByLabel("Role of ann")).ToHaveValueAsync("vm-operator");
        var anns = await _site.SignInAsync("users", "ann");
        await Expect(anns.Button("Make the user")).ToHaveAttributeAsync("aria-disabled", "true");
        await Expect(anns.GetByLabel("Role of ann")).ToBeDisabledAsync();
        await page.GetByLabel("Role of ann").SelectOptionAsync("pool-operator");
        await Expect(page.GetByText("ann has the role pool-operator now.")).ToBeVisibleAsync();
        var ann = (await _site.AllAsync<SubjectRecord>()).Values.Single();
        var roles = await _site.AllAsync<RoleRecord>();
        Assert.Equal(["pool-operator"], ann.Roles.Select(r => roles[r].NameLabel));

        // A new password ends the sessions with the old one.
        await page.Button("Set password: ann").ClickAsync();
        await page.GetByLabel("New password of ann").FillAsync("another horse");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("ann has a new password")).ToBeVisibleAsync();
        await Expect(anns.GetByLabel("User name")).ToBeVisibleAsync();
        Assert.DoesNotContain("another horse", await page.ContentAsync(), StringComparison.Ordinal);
        await page.Button("Remove: ann").ClickAsync();
        var ask = page.GetByRole(AriaRole.Alertdialog);
        await Expect(ask.GetByRole(AriaRole.Button, new() { Name = "Remove" })).ToBeDisabledAsync();
        await ask.GetByRole(AriaRole.Textbox).FillAsync("ann");
        await ask.GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(page.GetByText("ann was removed.")).ToBeVisibleAsync();
        Assert.Empty(await _site.AllAsync<SubjectRecord>());
    }
}
