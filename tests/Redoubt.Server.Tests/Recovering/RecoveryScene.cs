using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>
/// Two pools: one whose metadata lie on an SR, and one that has a mirror of that SR. Their hypervisor is libvirt's test driver.
/// </summary>
internal sealed class RecoveryScene : IAsyncDisposable
{
    /// <summary>The pool that is lost.</summary>
    public TestPool Source { get; } = new();

    /// <summary>The pool that recovers.</summary>
    public TestPool Target { get; } = new();

    /// <summary>The SR with the mirror of the source's metadata, attached at the target.</summary>
    public string SrUuid { get; private set; } = "";

    /// <summary>The metadata volume of the source, as the target sees it.</summary>
    public string Volume { get; private set; } = "";

    /// <summary>A source with one diskless VM, protected and mirrored; the target has the mirror attached by a DR task.</summary>
    public static async Task<RecoveryScene> StartAsync(params (string Name, RecoveryRequest Request)[] plans)
    {
        var scene = new RecoveryScene();
        await scene.Source.InitializeAsync();
        await scene.Target.InitializeAsync();
        var location = scene.Source.NewDirectory();
        var host = (await scene.Source.CallAsync("host.get_all"))[0].GetString();
        var none = new Dictionary<string, string>();
        var sr = (await scene.Source.CallAsync("SR.create", host, Config(location), 0, "replicated", "", "file", "user", true, none))
            .GetString()!;
        scene.SrUuid = (await scene.Source.CallAsync("SR.get_uuid", sr)).GetString()!;
        await scene.Source.CallAsync("VM.create", Vm("web"));
        foreach (var (name, request) in plans)
        {
            await scene.Source.CallAsync("recovery.save_plan", name, request.ToJson());
        }

        await scene.Source.CallAsync("SR.enable_database_replication", sr);
        var mirror = scene.Target.NewDirectory();
        await Replica.MirrorAsync(location, mirror);
        await scene.Target.CallAsync("DR_task.create", "file", Config(mirror), new[] { scene.SrUuid });
        var here = (await scene.Target.CallAsync("SR.get_by_uuid", scene.SrUuid)).GetString();
        foreach (var vdi in (await scene.Target.CallAsync("SR.get_VDIs", here)).EnumerateArray())
        {
            var record = await scene.Target.CallAsync("VDI.get_record", vdi.GetString());
            if (record.GetProperty("type").GetString() == "metadata")
            {
                scene.Volume = record.GetProperty("uuid").GetString()!;
            }
        }

        return scene;
    }

    /// <summary>
    /// A failover of everything on the mirror, the source stated to be dead; VMs stay off, since libvirt's test driver runs none of ours.
    /// </summary>
    public RecoveryRequest Failover() => new()
    {
        Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true, PowerState = PowerStateAfter.Halted },
        SrUuids = [SrUuid],
    };

    public async Task<PlannedRecovery> PlanAsync(RecoveryRequest request, string? session = null) =>
        RecoveryJson.Read<PlannedRecovery>(
            (await Target.ResultAsync("recovery.plan", session ?? Target.Session, request.ToJson())).GetString()!);

    /// <summary>Waits until a run is over, or waits for somebody.</summary>
    public async Task<RunRecord> EndedAsync(string run)
    {
        var record = RunRecord.FromJson((await Target.CallAsync("recovery.get_run", run)).GetString()!);
        while (!record.Phase.IsFinal() && record.Phase is not (RunPhase.Waiting or RunPhase.Interrupted))
        {
            record = RunRecord.FromJson((await Target.CallAsync("recovery.wait_run", run, record.Revision, 20.0)).GetString()!);
        }

        return record;
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }

    public static Dictionary<string, object> Vm(string name) => new()
    {
        ["name_label"] = name,
        ["memory_static_max"] = 64 << 20,
        ["memory_dynamic_max"] = 64 << 20,
        ["memory_dynamic_min"] = 64 << 20,
        ["memory_static_min"] = 32 << 20,
        ["VCPUs_max"] = 1,
        ["VCPUs_at_startup"] = 1,
        ["HVM_boot_policy"] = "BIOS order",
    };

    private static Dictionary<string, string> Config(string location) => new() { ["location"] = location };
}
