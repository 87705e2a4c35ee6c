using Microsoft.Playwright;
using Redoubt.Cli.Demo;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

/// <summary>Two sites with daemons, storage and guests of their own, and browsers at both.</summary>
internal sealed class RealSites : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "redoubt");
    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;
    private readonly List<IBrowserContext> _contexts = [];

    public DemoGuest Db { get; } = new("db", 0, 1, true);

    public DemoGuest Web { get; } = new("web", 1, 0, true);

    public DemoSite Primary { get; private set; } = null!;

    public DemoSite Recovery { get; private set; } = null!;

    public IReadOnlyList<DemoGuest> Guests => [Db, Web];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<RealSites> StartAsync()
    {
        var sites = new RealSites();
        try
        {
            foreach (var site in new[] { "p", "r" })
            {
                HypervisorCache.Share(Path.Combine(sites._root, site, "data", "hypervisor"));
            }

            sites.Primary = await DemoSite.StartAsync("paris", Path.Combine(sites._root, "p"), Program, Cancellation);
            sites.Recovery = await DemoSite.StartAsync("lyon", Path.Combine(sites._root, "r"), Program, Cancellation);
            var options = new DemoOptions(Repository.GuestImage, sites._root, Keep: false);
            await new DemoPrimary(
                sites.Primary, options,
                new DemoStory(new Terminal(TextWriter.Null, TextWriter.Null, isInteractive: false))).BuildAsync(sites.Guests, Cancellation);
            foreach (var network in DemoCommand.Networks)
            {
                await sites.Recovery.Api.CallAsync("network.create", [new NetworkRecord { NameLabel = network }], Cancellation);
            }

            return sites;
        }
        catch
        {
            await sites.DisposeAsync();
            throw;
        }
    }

    /// <summary>A browser at a site, signed in.</summary>
    public async Task<IPage> VisitAsync(Browser browser, DemoSite site, string path = "")
    {
        var context = await browser.Chromium.NewContextAsync(
            new()
            {
                BaseURL = site.Api.Server.ToString(),
                ViewportSize = new() { Width = 1280, Height = 900 },
                ReducedMotion = ReducedMotion.Reduce,
            });
        _contexts.Add(context);
        context.SetDefaultTimeout(60_000);
        var page = await context.OpenPageAsync();
        await page.GoAsync("/console/" + path);
        await page.SignInAsync("root", await PasswordAsync(site));
        await page.LiveAsync();
        return page;
    }

    /// <summary>Waits until every guest counts at a site; gives the counts.</summary>
    public async Task<Dictionary<string, long>> CountsAsync(DemoSite site, IReadOnlyDictionary<string, long>? past = null)
    {
        await Patience.UntilAsync(
            () => Guests.All(g => g.Read(site) is { LastCount: { } last } && last > (past?.GetValueOrDefault(g.Name) ?? 0) + 3),
            $"the guests count at {site.Name}");
        return Guests.ToDictionary(g => g.Name, g => g.Read(site).LastCount!.Value);
    }

    /// <summary>What an array does: the same blocks at the other site.</summary>
    public static Task MirrorAsync(DemoSite from, DemoSite to) => Replica.MirrorAsync(from.Storage, to.Storage);

    /// <summary>Starts the primary site again; it lets its old storage go, and the array brings the recovery site's.</summary>
    public async Task MendPrimaryAsync()
    {
        Primary = await DemoSite.StartAsync("paris", Path.Combine(_root, "p"), Program, Cancellation);
        var (pbd, record) = (await Primary.Api.GetAllRecordsAsync<PbdRecord>(Cancellation))
            .Single(p => p.Value.DeviceConfig.ContainsValue(Primary.Storage));
        await Primary.Api.CallAsync("PBD.unplug", [pbd], Cancellation);
        await Primary.Api.CallAsync("SR.forget", [record.Sr], Cancellation);
        await MirrorAsync(Recovery, Primary);
    }

    /// <summary>
    /// Has the recovery site's daemon die without a word, and another one take its place at the same address. Guests go on.
    /// </summary>
    public async Task ReplaceRecoveryDaemonAsync()
    {
        var port = Recovery.Api.Server.Port;
        Recovery.Daemon.Kill();
        await Recovery.Daemon.WaitForExitAsync(Cancellation);
        Recovery.LetGo();
        Recovery = await DemoSite.StartAsync("lyon", Path.Combine(_root, "r"), Program, Cancellation, port);
    }

    public static async Task<string> PasswordAsync(DemoSite site) => (await File.ReadAllLinesAsync(site.PasswordFile, Cancellation))[1];

    public async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.EndAsync();
        }

        foreach (var site in new[] { Primary, Recovery })
        {
            if (site is not null)
            {
                await site.DisposeAsync();
            }
        }

        Directory.Delete(_root, recursive: true);
    }
}
