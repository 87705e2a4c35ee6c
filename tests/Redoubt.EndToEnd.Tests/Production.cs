using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Guests at a primary site whose SR is protected: VM "db" in vApp "shop", and others.</summary>
internal sealed class Production(Shell shell, params IReadOnlyList<DemoGuest> guests)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Makes and protects them, saves the plan "everything", and has them run and count.</summary>
    public async Task StartAsync(DemoSite primary)
    {
        shell["SR"] = await primary.CallAsync<string>("SR.get_uuid", Stop, await DemoGuests.BuildAsync(primary, guests));
        await shell.RunAsync(primary, "sr-enable-database-replication uuid=$SR");
        await shell.RunAsync(primary, "dr-plan-save name=everything sr-uuid=$SR");
        await shell.RunAsync(primary, $"appliance-start uuid={await shell.RunAsync(primary, "appliance-list name-label=shop --minimal")}");
        foreach (var guest in guests.Where(g => !g.InVApp))
        {
            await shell.RunAsync(primary, $"vm-start vm={guest.Name}");
        }

        await Patience.UntilAsync(() => guests.All(g => g.Read(primary).LastCount > 3), "the guests count");
    }

    /// <summary>Has the networks of the guests at another site.</summary>
    public async Task ConnectAsync(DemoSite site)
    {
        foreach (var network in DemoCommand.Networks)
        {
            await shell.RunAsync(site, $"network-create name-label={network}");
        }
    }

    /// <summary>How far each guest has counted at a site.</summary>
    public Dictionary<string, long> Counts(DemoSite site) => guests.ToDictionary(g => g.Name, g => g.Read(site).LastCount ?? 0);

    /// <summary>How often each guest has booted at a site.</summary>
    public Dictionary<string, int> Boots(DemoSite site) => guests.ToDictionary(g => g.Name, g => DemoGuests.BootsOf(site, g));

    /// <summary>How many processes run each guest at a site.</summary>
    public Dictionary<string, int> Processes(DemoSite site)
    {
        var lines = Bench.ProcessesBelow(site.DataDirectory + "/").Where(p => p.Contains("qemu-system", StringComparison.Ordinal)).ToList();
        return guests.ToDictionary(g => g.Name, g => lines.Count(l => l.Contains(g.Uuid, StringComparison.Ordinal)));
    }

    /// <summary>A guest's state, as the site says; null if it does not have it.</summary>
    public async Task<VmPowerState?> StateAsync(DemoSite site, string name)
    {
        try
        {
            var vm = await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guests.Single(g => g.Name == name).Uuid);
            return await site.CallAsync<VmPowerState>("VM.get_power_state", Stop, vm);
        }
        catch (XenApiException gone) when (gone.Code is "UUID_INVALID" or "HANDLE_INVALID")
        {
            return null;
        }
    }
}
