using System.Diagnostics;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class LargePoolTests(Browser browser) : IAsyncLifetime
{
    private const int Vms = 10_000;
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Ten_thousand_VMs_are_listed_without_ten_thousand_rows()
    {
        var page = await _site.SignInAsync();
        await _site.Server.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                for (var i = 0; i < Vms; i++)
                {
                    tx.Create(new VmRecord { Uuid = Guid.NewGuid().ToString("D"), NameLabel = $"vm-{i:00000}" });
                }

                return Vms;
            },
            TestContext.Current.CancellationToken);
        foreach (var path in new[] { "", "protection", "vms", "apps" })
        {
            var watch = Stopwatch.StartNew();
            await page.OpenAsync(path);
            TestContext.Current.SendDiagnosticMessage("/{0}: {1} ms", path, watch.ElapsedMilliseconds);
            Assert.True(await page.Locator("tr").CountAsync() < 200);
        }

        await page.OpenAsync("plans/new");
        await page.GetByLabel("Only what is selected here").CheckAsync();
        await Expect(page.GetByText("vm-00000", new() { Exact = true })).ToBeVisibleAsync();
        Assert.True(await page.Locator("tr").CountAsync() < 200);
        var editing = Stopwatch.StartNew();
        await page.GetByLabel("Find by name, tag or vApp").FillAsync("vm-09998");
        await page.GetByLabel("vm-09998").CheckAsync();
        await Expect(page.GetByText("1 selected of 0 vApps and 10000 VMs")).ToBeVisibleAsync();
        TestContext.Current.SendDiagnosticMessage("found and selected one of {0} VMs in {1} ms", Vms, editing.ElapsedMilliseconds);

        await page.OpenAsync("vms");
        await page.GetByLabel("Find VMs by name, tag, UUID or MAC address").FillAsync("vm-09999");
        await Expect(page.GetByText("vm-09999", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("vm-00000", new() { Exact = true })).ToHaveCountAsync(0);
    }
}
