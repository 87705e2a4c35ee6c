using System.Collections.Immutable;
using System.Text.Json;
using Redoubt.Cli.Demo;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Sites whose guests are only pretended, and end with their daemon, as with their host.</summary>
internal static class Pretended
{
    private const string Host = """
        <node>
          <cpu><mhz>3000</mhz><model>test</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>1</threads></cpu>
          <memory>67108864</memory>
        </node>
        """;

    /// <summary>How long a run may wait for a guest.</summary>
    public const string SoonGivenUp = "health-timeout=30";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The URI of a hypervisor with a large host.</summary>
    public static async Task<string> HypervisorAsync(Bench bench)
    {
        var path = Path.Combine(bench.Directory, "host.xml");
        await File.WriteAllTextAsync(path, Host, Stop);
        return $"test://{path}";
    }

    /// <summary>
    /// Makes three VMs on an SR that is protected, two of them in a vApp, starts them, and saves the plan "everything"; gives their UUIDs.
    /// A run that goes on after its daemon was killed does not wait long for those that ended with that.
    /// </summary>
    public static async Task<List<string>> BuildAsync(DemoSite site, Shell shell)
    {
        var host = (await site.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", Stop))[0];
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var sr = await site.CallAsync<Ref<SrRecord>>(
            "SR.create", Stop, host, none.Add("location", site.Storage), 0L, "replicated", "", "file", "", true, none);
        var network = await site.CallAsync<Ref<NetworkRecord>>("network.create", Stop, new NetworkRecord { NameLabel = "lan" });
        var appliance = await site.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.create", Stop, new VmApplianceRecord { NameLabel = "shop" });
        var uuids = new List<string>();
        foreach (var (i, name) in new[] { "db", "web", "loose" }.Index())
        {
            const long Memory = 64L << 20;
            var vm = await site.CallAsync<Ref<VmRecord>>("VM.create", Stop, new VmRecord
            {
                NameLabel = name,
                MemoryStaticMin = Memory,
                MemoryDynamicMin = Memory,
                MemoryDynamicMax = Memory,
                MemoryStaticMax = Memory,
                VcpusMax = 1,
                VcpusAtStartup = 1,
                Order = i,
                Appliance = name == "loose" ? default : appliance,
            });
            var vdi = await site.CallAsync<Ref<VdiRecord>>(
                "VDI.create", Stop, new VdiRecord { NameLabel = $"{name} disk", Sr = sr, VirtualSize = 1 << 20, Type = VdiType.User });
            await site.Api.CallAsync(
                "VBD.create", [new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk }], Stop);
            await site.Api.CallAsync("VIF.create", [new VifRecord { Vm = vm, Network = network, Device = "0" }], Stop);
            uuids.Add(await site.CallAsync<string>("VM.get_uuid", Stop, vm));
        }

        shell["SR"] = await site.CallAsync<string>("SR.get_uuid", Stop, sr);
        await shell.RunAsync(site, "sr-enable-database-replication uuid=$SR");
        await shell.RunAsync(site, $"dr-plan-save name=everything sr-uuid=$SR {SoonGivenUp}");
        foreach (var uuid in uuids)
        {
            await shell.RunAsync(site, $"vm-start uuid={uuid}");
        }

        return uuids;
    }

    /// <summary>The newest run of a site; null: there is none, or nobody answers.</summary>
    public static async Task<RunRecord?> RunAsync(DemoSite site)
    {
        try
        {
            using var runs = JsonDocument.Parse(await site.CallAsync<string>("recovery.get_runs", Stop));
            return runs.RootElement.GetArrayLength() == 0 ? null
                : RunRecord.FromJson(
                    await site.CallAsync<string>("recovery.get_run", Stop, runs.RootElement[0].GetProperty("uuid").GetString()!));
        }
        catch (XenApiTransportException)
        {
            return null; // The daemon has just been killed.
        }
    }
}
