using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Console.Recover;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>What the wizard shows of every finding, and what it offers to do about it.</summary>
public sealed class FindingsTests(Browser browser) : IAsyncLifetime
{
    private readonly SickPools _sick = new(browser);
    private readonly HashSet<string> _seen = [];
    private IPage _page = null!;

    private TestSite Paris => _sick.Paris;

    public async ValueTask InitializeAsync()
    {
        await _sick.StartAsync();
        _page = await Paris.SignInAsync();
    }

    public ValueTask DisposeAsync() => _sick.DisposeAsync();

    [Fact]
    public void The_table_has_every_finding_that_there_is() =>
        Assert.Equal(CheckTable.Documented().Order(StringComparer.Ordinal), CheckTable.All.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public async Task Every_finding_is_shown_with_its_words_and_with_what_can_be_done_about_it()
    {
        // 1. Everything there is, of a pool that nobody has asked.
        var everything = _sick.Failover();
        await ShowAsync("everything", everything);

        // 2. What a plan asks for and can't have.
        await ShowAsync("asks-wrongly", everything with
        {
            SrUuids = [.. everything.SrUuids, Guid.NewGuid().ToString("D")],
            Probes = [SickPools.Probe(Paris.NewDirectory()), SickPools.Probe(_sick.Mirrors["elsewhere"])],
            Policy = everything.Policy with
            {
                Chosen = new() { Vms = ["db", "named-twice", "nobody", "newer-here"] },
                Networks = ImmutableSortedDictionary<string, string>.Empty.Add("front", "nowhere"),
                Storage = ImmutableSortedDictionary<string, string>.Empty.Add(_sick.Srs["replicated"], "another"),
                Limits = new() { StaleAfter = TimeSpan.FromMilliseconds(1) },
            },
        });

        // 3. A copy that is chosen although it is not the newest, and a disk to go without: consent that no plan can hold.
        await ChoicesAsync();

        // 4. Lyon answers after all: one VM runs there, and then none does, though it was stated to be dead.
        await _sick.Pools.AddLyonAsync();
        await TwoPools.ForgeAsync(_sick.Lyon, tx => tx.Update(_sick.Vms["quiet"], v => v with { PowerState = VmPowerState.Running }));
        await ShowAsync("alive", _sick.Failover("quiet"), isSourceDead: true);
        await ShowAsync("off", _sick.Failover("auto"), isSourceDead: true);

        // 5. Storage that is detached, or attached by some hosts only.
        await DetachAsync();

        // 6. A pool that may not, can't or had better not recover.
        await WeakenAsync();
        await BrandAsync("XenServer");
        await ShowAsync("kept", _sick.Failover("kept"), isSourceDead: true);
        await ShowAsync("not-kept", _sick.Failover("auto"), isSourceDead: true);
        await ShowAsync("no-test", _sick.Failover("auto"), "test");

        // 7. Lyon as the target, by somebody who may only look there; then lyon as a source that is silent.
        await _sick.Lyon.CreateUserAsync("eve", "read-only");
        await _sick.Pools.AddLyonAsync("eve", "weak");
        await ShowAsync("elsewhere", everything with { Target = "weak", SrUuids = [] }, "test");
        await Paris.CallAsync("recovery.remove_site", ["weak"]);
        await _sick.Lyon.StopAsync();
        await ShowAsync("silent", _sick.Failover("auto") with { Source = "lyon" }, "migration");

        // 8. Volumes that are garbled, in part or as a whole. Of that a genuine XenServer tells nothing.
        await BrandAsync("Redoubt");
        GarbleVolume(_sick.Mirrors["older"], wholly: true);
        GarbleVolume(_sick.Mirrors["replicated"], wholly: false);
        await ShowAsync("garbled", _sick.Failover("auto"), isSourceDead: true);
        await _sick.Lyon.StartAsync(_sick.Lyon.Url.ToString());

        var missing = CheckTable.All.Keys.Except(_seen).Except(CheckTable.NeverHere.Keys).Order(StringComparer.Ordinal).ToList();
        Assert.True(missing.Count == 0, "No page has shown: " + string.Join(", ", missing));
        Assert.Empty(CheckTable.NeverHere.Keys.Intersect(_seen));
    }

    private async Task ChoicesAsync()
    {
        await TwoPools.SavePlanAsync(Paris, "choices", _sick.Failover("newer-here", "no-disk", "both"));
        Assert.Equal("Pre-checks", await TwoPools.OpenPlanAsync(_page, "choices", "failover", isSourceDead: true));
        await Expect(Row("newest-here")).ToContainTextAsync("Blocks");
        await Row("newest-here").GetByRole(AriaRole.Button).ClickAsync();
        await Expect(_page.GetByRole(AriaRole.Heading, new() { Name = "Select vApps and VMs", Level = 2 })).ToBeVisibleAsync();

        // What is newer here is shown apart, and its other copy can be taken in its place.
        await _page.GetByLabel("Find by name, vApp or tag").FillAsync("newer-here");
        await Expect(_page.GetByText("In this pool already, newer than on the storage")).ToBeVisibleAsync();
        await ChooseAsync("newer-here", "lyon");
        await Expect(_page.GetByText("Why: the operator chose this copy")).ToHaveCountAsync(1);
        await ChooseAsync("both", "nice");
        await Expect(_page.GetByText("Why: the operator chose this copy")).ToHaveCountAsync(1);
        Assert.Equal("Pre-checks", await TwoPools.NextUntilAsync(_page, "Pre-checks"));
        await Expect(Row("newest-here")).ToHaveCountAsync(0);
        await Expect(Row("copy-undecidable")).ToHaveCountAsync(0);
        await Row("disk-missing").GetByRole(AriaRole.Button).ClickAsync();
        await Expect(Row("disk-dropped")).ToBeVisibleAsync();
        _seen.UnionWith((await ShownFinding.AllAsync(_page)).Select(f => f.Code));
        Assert.Contains("vm-replaced-by-choice", _seen);

        // Consent can be taken back.
        await Row("disk-dropped").GetByRole(AriaRole.Button).ClickAsync();
        await Expect(Row("disk-missing")).ToBeVisibleAsync();
    }

    private async Task ChooseAsync(string vm, string pool)
    {
        await _page.GetByLabel("Find by name, vApp or tag").FillAsync(vm);
        var copies = _page.GetByLabel($"Taken from, for {vm}");
        var option = await copies.Locator("option", new() { HasText = pool }).Last.GetAttributeAsync("value");
        await copies.SelectOptionAsync(new[] { option! });
        await Expect(_page.Locator(".wizard .body")).ToHaveAttributeAsync("aria-busy", "false");
    }

    private ILocator Row(string code) => _page.Locator($".findings li[data-code='{code}']");

    // Saves the plan, opens it in the wizard, and compares what is shown with what the API says of the same request.
    private async Task ShowAsync(string name, RecoveryRequest request, string kind = "failover", bool isSourceDead = false)
    {
        await TwoPools.SavePlanAsync(Paris, name, request);
        var asked = request with
        {
            Policy = request.Policy with { Kind = Enum.Parse<RecoveryKind>(kind, ignoreCase: true), IsSourceDead = isSourceDead },
        };
        var at = await TwoPools.OpenPlanAsync(_page, name, kind, isSourceDead);
        if (at != "Pre-checks")
        {
            // With nothing to select from the wizard goes no further, and shows there why.
            Assert.Equal("Select vApps and VMs", at);
            asked = asked with { Policy = asked.Policy with { Chosen = new() } };
        }

        var plan = RecoveryJson.Read<PlannedRecovery>(await Paris.CallAsync<string>("recovery.plan", [asked.ToJson()])).Plan;
        var shown = await ShownFinding.AllAsync(_page);
        foreach (var finding in plan.Findings)
        {
            var row = shown.FirstOrDefault(
                s => s.Code == finding.Code && s.Object == finding.Object.Uuid
                    && s.Text.Contains(Words(finding), StringComparison.Ordinal));
            Assert.True(
                row is not null,
                $"{name}: {finding.Code} of {finding.Object.Describe()} is not shown with its words. Shown: "
                    + $"{string.Join('\n', shown.Where(s => s.Code == finding.Code))}");
            Assert.StartsWith(
                RecoverText.Severity(finding.Severity) + ": " + finding.Object.Describe(), row.Text, StringComparison.Ordinal);
            Assert.Equal(RecoverText.Mark(finding.Severity), row.Look);
            Assert.Contains(finding.Advice, row.Text, StringComparison.Ordinal);
            var button = CheckTable.Button(CheckTable.All[finding.Code]);

            // What is only told of is nothing to mend.
            Assert.True(
                row.Buttons.SequenceEqual(button is null || (finding.Fix is null && finding.Severity == Severity.Info) ? [] : [button]),
                $"{name}: {finding.Code} has {string.Join(", ", row.Buttons)}");
        }

        Assert.Equal(plan.Findings.Length, shown.Count);
        Assert.True(plan.IsBlocked == (await _page.Button("Next").GetAttributeAsync("aria-disabled") == "true"), name);
        if (at == "Pre-checks" && plan.Findings.FirstOrDefault(f => f.Severity == Severity.Block) is { } block)
        {
            // Whoever can't go on is told by what.
            await Expect(_page.Locator(".foot .tip")).ToContainTextAsync($"{block.Object.Describe()} ({block.Code})");
        }

        _seen.UnionWith(plan.Findings.Select(f => f.Code));
    }

    // Ages go on while one looks.
    private static string Words(Finding finding) => finding.Code == "metadata-stale" ? finding.Sentence[..40] : finding.Sentence;

    private async Task DetachAsync()
    {
        var sr = await TwoPools.AttachAsync(Paris, _sick.Mirrors["elsewhere"], _sick.Srs["elsewhere"]);
        var pbd = (await TwoPools.GetAsync(Paris, sr)).Pbds[0];
        await Paris.CallAsync("PBD.unplug", [pbd]);
        await ShowAsync("detached", _sick.Failover("on-elsewhere"), isSourceDead: true);
        await Paris.CallAsync("PBD.plug", [pbd]);
        await TwoPools.ForgeAsync(Paris, tx =>
        {
            var metrics = tx.Create(new HostMetricsRecord { Uuid = tx.NewUuid(), Live = true });
            var host = tx.Create(new HostRecord { Uuid = tx.NewUuid(), NameLabel = "second host", Enabled = true, Metrics = metrics });
            tx.Create(new PbdRecord { Uuid = tx.NewUuid(), Sr = sr, Host = host });
        });
        await ShowAsync("partly", _sick.Failover("on-elsewhere"), isSourceDead: true);
    }

    private Task WeakenAsync() => TwoPools.ForgeAsync(Paris, tx =>
    {
        var services = Paris.Server.Daemon.Services;
        tx.Update(services.Pool, p => p with { HaEnabled = true, Restrictions = p.Restrictions.SetItem("restrict_dr", "true") });
        foreach (var host in tx.State.All<HostRecord>().Select(h => h.Ref).ToList())
        {
            tx.Update(host, h => h with { Enabled = false });
        }
    });

    private Task BrandAsync(string brand) => TwoPools.ForgeAsync(Paris, tx =>
    {
        foreach (var host in tx.State.All<HostRecord>().Select(h => h.Ref).ToList())
        {
            tx.Update(host, h => h with { SoftwareVersion = h.SoftwareVersion.SetItem("product_brand", brand) });
        }
    });

    private static void GarbleVolume(string mirror, bool wholly)
    {
        var volume = Directory.GetFiles(mirror, "*.raw", SearchOption.AllDirectories).Single(f => new FileInfo(f).Length > 64 << 20);
        using var file = new FileStream(volume, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (wholly)
        {
            file.SetLength(4096);
            return;
        }

        // A flipped byte in the middle of the last record of the half that counts (docs/formats/journal.md).
        const int Half = 62_914_560;
        file.Position = 17;
        var start = file.ReadByte() is '2' or '4' ? 18 + Half : 18;
        var half = new byte[Half];
        file.Position = start;
        file.ReadExactly(half);
        var last = Array.FindLastIndex(half, b => b != 0);
        file.Position = start + last - 40;
        file.WriteByte((byte)~half[last - 40]);
    }
}
