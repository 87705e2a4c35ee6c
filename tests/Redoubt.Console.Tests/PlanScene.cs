using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Tests;

/// <summary>A pool with a vApp, and one that has a mirror of its storage attached: where a plan can be changed and checked.</summary>
public sealed class PlanScene(Browser browser) : IAsyncLifetime
{
    /// <summary>The pool that the VMs are of.</summary>
    public TestSite Source { get; } = new(browser);

    /// <summary>The pool that would take them in.</summary>
    public TestSite Target { get; } = new(browser);

    /// <summary>The mirrored SR.</summary>
    public string SrUuid { get; private set; } = "";

    /// <summary>
    /// A vApp <c>shop</c> with <c>db</c> (tag <c>gold</c>) and <c>web</c>, a VM <c>mail</c> in no vApp, all on a network <c>lan</c> that
    /// the target has not, and a plan <c>everything</c>.
    /// </summary>
    public async ValueTask InitializeAsync()
    {
        await Source.InitializeAsync();
        await Target.InitializeAsync();
        var sr = await Source.CreateSrAsync("replicated");
        SrUuid = (await Source.AllAsync<SrRecord>())[sr].Uuid;
        var lan = await Source.CallAsync<Ref<NetworkRecord>>("network.create", [new NetworkRecord { NameLabel = "lan" }]);
        var shop = await Source.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        foreach (var (name, app, order) in new[] { ("db", shop, 0L), ("web", shop, 1L), ("mail", default, 0L) })
        {
            var vm = await Source.CreateVmAsync(name, sr, app, order);
            await Source.CallAsync("VIF.create", [new VifRecord { Vm = vm, Network = lan, Device = "0", Mac = "" }]);
            if (name == "db")
            {
                await Source.CallAsync("VM.add_tags", [vm, "gold"]);
            }
        }

        await Source.CallAsync("recovery.save_plan", ["everything", new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test, PowerState = PowerStateAfter.Halted } }.ToJson()]);
        await Source.CallAsync("SR.enable_database_replication", [sr]);
        var location = (await Source.AllAsync<PbdRecord>()).Values.Single(p => p.Sr == sr).DeviceConfig["location"];
        var mirror = Target.NewDirectory();
        await Replica.MirrorAsync(location, mirror);
        await Target.CallAsync("DR_task.create", ["file", new Dictionary<string, string> { ["location"] = mirror }, new[] { SrUuid }]);
    }

    /// <summary>Saves a plan at the target.</summary>
    public Task SaveAsync(string name, RecoveryPolicy policy) =>
        Target.CallAsync("recovery.save_plan", [name, new RecoveryRequest { Policy = policy }.ToJson()]);

    /// <summary>A plan at the target as it is saved; null if there is none.</summary>
    public async Task<RecoveryRequest?> PlanAsync(string name)
    {
        var own = (await Target.AllAsync<PoolRecord>()).Values.Single();
        if (!own.OtherConfig.TryGetValue($"dr-plan:{name}", out var text))
        {
            return null;
        }

        using var stored = System.Text.Json.JsonDocument.Parse(text);
        return RecoveryRequest.FromJson(stored.RootElement.GetProperty("request").GetRawText());
    }

    public Task<IPage> OpenAsync(string path, string user = "root") => Target.SignInAsync(path, user);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}
