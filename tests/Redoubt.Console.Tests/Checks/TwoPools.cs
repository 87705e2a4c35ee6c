using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// Lyon, which is lost, and paris, which recovers from a mirror of lyon's storage: two servers in this process with pretended guests.
/// </summary>
public sealed class TwoPools : IAsyncDisposable
{
    private static readonly ImmutableSortedDictionary<string, string> Nothing = ImmutableSortedDictionary<string, string>.Empty;

    public ShiftedClock LyonClock { get; }

    public TestSite Lyon { get; }

    public TestSite Paris { get; }

    public TwoPools(Browser browser)
    {
        LyonClock = new();
        Lyon = new(browser) { Name = "lyon", Time = LyonClock };
        Paris = new(browser) { Name = "paris" };
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async Task StartAsync()
    {
        await Lyon.InitializeAsync();
        await Paris.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Lyon.DisposeAsync();
        await Paris.DisposeAsync();
    }

    /// <summary>Writes rows that no message would make.</summary>
    public static Task ForgeAsync(TestSite site, Action<Transaction> forge) => site.Server.Daemon.Services.Database.WriteAsync(
        tx =>
        {
            forge(tx);
            return true;
        },
        Stop);

    public static Task<T> GetAsync<T>(TestSite site, Ref<T> reference)
        where T : XenApi.Record, IRecord<T>, new() => Task.FromResult(site.Server.Daemon.Services.Database.State.Get(reference));

    /// <summary>A disk-bearing VM, changed as told.</summary>
    public static async Task<Ref<VmRecord>> VmAsync(TestSite site, string name, Ref<SrRecord> sr, Func<VmRecord, VmRecord>? change = null)
    {
        var vm = await site.CreateVmAsync(name, sr);
        if (change is not null)
        {
            await ForgeAsync(site, tx => tx.Update(vm, change));
        }

        return vm;
    }

    public static async Task<Ref<VdiRecord>> DiskOfAsync(TestSite site, Ref<VmRecord> vm)
    {
        var vbd = (await GetAsync(site, vm)).Vbds[0];
        return (await GetAsync(site, vbd)).Vdi;
    }

    public static async Task<string> LocationAsync(TestSite site, Ref<SrRecord> sr)
    {
        var pbd = (await GetAsync(site, sr)).Pbds[0];
        return (await GetAsync(site, pbd)).DeviceConfig["location"];
    }

    /// <summary>What the array does: a copy of an SR at another place. Disks can be left behind.</summary>
    public static async Task<string> MirrorAsync(TestSite from, Ref<SrRecord> sr, TestSite to, params Ref<VdiRecord>[] without)
    {
        var mirror = to.NewDirectory();
        await Replica.MirrorAsync(await LocationAsync(from, sr), mirror);
        foreach (var vdi in without)
        {
            var uuid = (await GetAsync(from, vdi)).Uuid;
            Array.ForEach(Directory.GetFiles(mirror, uuid + "*", SearchOption.AllDirectories), File.Delete);
        }

        return mirror;
    }

    /// <summary>Attaches an SR for looking, read-only.</summary>
    public static async Task<Ref<SrRecord>> AttachAsync(TestSite site, string location, string sr)
    {
        await site.CallAsync("DR_task.create", ["file", Nothing.Add("location", location), new[] { sr }]);
        return await site.CallAsync<Ref<SrRecord>>("SR.get_by_uuid", [sr]);
    }

    public static async Task ConnectAsync(TestSite site, Ref<VmRecord> vm, Ref<NetworkRecord> network, string mac = "") =>
        await site.CallAsync("VIF.create", [new VifRecord { Vm = vm, Network = network, Device = "0", Mac = mac }]);

    public static Task<Ref<NetworkRecord>> NetworkAsync(TestSite site, string name) =>
        site.CallAsync<Ref<NetworkRecord>>("network.create", [new NetworkRecord { NameLabel = name }]);

    public static Task SavePlanAsync(TestSite site, string name, RecoveryRequest request) =>
        site.CallAsync("recovery.save_plan", [name, request.ToJson()]);

    public Task AddLyonAsync(string user = "root", string name = "lyon") =>
        Paris.CallAsync("recovery.add_site", [name, Lyon.Url.ToString(), user, TestSite.Password]);

    /// <summary>Opens a saved plan in the wizard and goes on to a page of it; earlier where Next is refused.</summary>
    public static async Task<string> OpenPlanAsync(
        IPage page, string plan, string kind, bool isSourceDead = false, string until = "Pre-checks")
    {
        await page.OpenAsync($"recover?plan={plan}&kind={kind}&from=here");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Before you start", Level = 2 })).ToBeVisibleAsync();
        if (isSourceDead)
        {
            await page.GetByLabel("I state that the source is dead").CheckAsync();
        }

        return await NextUntilAsync(page, until);
    }

    /// <summary>Presses Next until a page is there, or Next is refused.</summary>
    /// <returns>The heading of the page that is there then.</returns>
    public static async Task<string> NextUntilAsync(IPage page, string until)
    {
        var heading = page.Locator(".wizard h2");
        while (await heading.InnerTextAsync() is var at)
        {
            // While a page looks, nobody can go on from it; that is no refusal.
            await Expect(page.Locator(".wizard .body")).ToHaveAttributeAsync("aria-busy", "false", new() { Timeout = 60_000 });
            var next = page.Button("Next");
            if (at == until || await next.GetAttributeAsync("aria-disabled") == "true")
            {
                return at;
            }

            await next.ClickAsync();
            await Expect(heading).Not.ToHaveTextAsync(at, new() { Timeout = 60_000 });
        }

        return until;
    }
}
