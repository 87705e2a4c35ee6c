using Redoubt.Cli;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>
/// Whether a VM is protected is judged once: the API, the command line and the console give one answer, whatever the pool looks like.
/// </summary>
public sealed class ProtectionTableTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    public static TheoryData<string, string> Pools => new()
    {
        { "", "" },
        { "safe", "" },
        { "bare", "bare NoDisk" },
        { "safe bare", "bare NoDisk" },
        { "local", "local LocalDisk" },
        { "protected-local", "protected-local LocalDisk" },
        { "shared", "shared UnprotectedSr" },
        { "gone", "gone LostDisk" },
        { "missing", "missing LostDisk" },
        { "srless", "srless LostDisk" },
        { "asleep", "asleep LocalDisk" },
        { "both", "both LocalDisk" },
        { "copy", "" },
        { "safe bare local protected-local shared gone missing srless asleep both copy", "asleep LocalDisk, bare NoDisk, both LocalDisk, "
            + "gone LostDisk, local LocalDisk, missing LostDisk, protected-local LocalDisk, shared UnprotectedSr, srless LostDisk" },
    };

    [Theory]
    [MemberData(nameof(Pools))]
    public async Task The_API_the_command_line_and_the_console_agree_on_what_is_exposed(string vms, string exposed)
    {
        var srs = new Dictionary<string, Ref<SrRecord>>
        {
            ["replicated"] = await _site.CreateSrAsync("replicated"),
            ["unprotected"] = await _site.CreateSrAsync("unprotected"),
            ["inside"] = await _site.CreateSrAsync("inside", shared: false),
            ["inside-too"] = await _site.CreateSrAsync("inside-too", shared: false),
        };
        await _site.CallAsync("SR.enable_database_replication", [srs["replicated"]]);
        await _site.CallAsync("SR.enable_database_replication", [srs["inside-too"]]);
        foreach (var name in vms.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            await AddAsync(name, srs);
        }

        // The API.
        var status = RecoveryJson.Read<DrStatus>(await _site.CallAsync<string>("recovery.get_status", []));
        Assert.Equal(
            exposed,
            string.Join(", ", status.Unprotected.OrderBy(u => u.Vm.Name, StringComparer.Ordinal).Select(u => $"{u.Vm.Name} {u.Exposure}")));
        Assert.Equal(exposed.Length == 0, status.Problems.IsEmpty);

        // The command line.
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(
            new Terminal(output, error, isInteractive: false), Path.Combine(_site.NewDirectory(), "known-pools"), TimeProvider.System);
        Assert.Equal(
            0,
            await app.RunAsync(
                ["-s", _site.Url.ToString(), "-u", "root", "-pw", TestSite.Password, "dr-status"], null,
                TestContext.Current.CancellationToken));
        Assert.Equal(exposed.Length == 0, output.ToString().Contains("Nothing is wrong.", StringComparison.Ordinal));
        Assert.All(status.Unprotected, u => Assert.Contains(u.Reason, output.ToString(), StringComparison.Ordinal));
        Assert.All(status.Problems, p => Assert.Contains(p, output.ToString(), StringComparison.Ordinal));

        // The console: as many issues as problems, and the same VMs by name.
        var page = await _site.SignInAsync();
        await Expect(page.Locator(".stat", new() { HasText = "VMs unprotected" }).Locator(".big"))
            .ToHaveTextAsync($"{status.Unprotected.Length}");
        await Expect(page.Locator(".issues li")).ToHaveCountAsync(status.Problems.Length);
        await page.OpenAsync("protection");
        await Expect(page.Locator("section[aria-labelledby=exposed] td.name")).ToHaveCountAsync(status.Unprotected.Length);
        foreach (var vm in status.Unprotected)
        {
            await Expect(page.Locator("section[aria-labelledby=exposed] td.name").GetByText(vm.Vm.Name, new() { Exact = true }))
                .ToBeVisibleAsync();
        }
    }

    private async Task AddAsync(string name, Dictionary<string, Ref<SrRecord>> srs)
    {
        var pool = _site.Server.Daemon.Services;
        var sr = name switch
        {
            "bare" => default,
            "local" => srs["inside"],
            "protected-local" => srs["inside-too"],
            "shared" or "both" or "copy" => srs["unprotected"],
            _ => srs["replicated"],
        };
        var vm = await _site.CreateVmAsync(name, sr);
        var vbd = pool.State.Get(vm).Vbds.FirstOrDefault();
        var vdi = vbd.IsNull ? default : pool.State.Get(vbd).Vdi;
        switch (name)
        {
            case "gone":
                await pool.Database.WriteAsync(tx => tx.Update(vbd, b => b with { Vdi = new("OpaqueRef:nowhere") }));
                break;
            case "missing":
                await pool.Database.WriteAsync(tx => tx.Update(vdi, v => v with { Missing = true }));
                break;
            case "srless":
                await pool.Database.WriteAsync(tx => tx.Update(vdi, v => v with { Sr = new("OpaqueRef:nowhere") }));
                break;
            case "both":
                var local = await _site.Api.CallAsync<Ref<VdiRecord>>(
                    "VDI.create", [new VdiRecord { NameLabel = "second", Sr = srs["inside"], VirtualSize = 1 << 20, Type = VdiType.User }]);
                await _site.Api.CallAsync(
                    "VBD.create", [new VbdRecord { Vm = vm, Vdi = local, Userdevice = "1", Mode = VbdMode.Rw, Type = VbdType.Disk }]);
                break;
            case "asleep":
                var memory = await _site.Api.CallAsync<Ref<VdiRecord>>(
                    "VDI.create",
                    [new VdiRecord { NameLabel = "memory", Sr = srs["inside"], VirtualSize = 1 << 20, Type = VdiType.Suspend }]);
                await pool.Database.WriteAsync(
                    tx => tx.Update(vm, v => v with { PowerState = VmPowerState.Suspended, SuspendVdi = memory }));
                break;
            case "copy":
                await pool.Database.WriteAsync(
                    tx => tx.Update(vm, v => v with { OtherConfig = v.OtherConfig.SetItem("dr-test", "t1").SetItem("dr-test-of", "x") }));
                break;
        }
    }
}
