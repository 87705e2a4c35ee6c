using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>The interfaces of a VM that runs.</summary>
internal static class Interfaces
{
    /// <summary>
    /// Which of a VM's interfaces are not plugged, in a clause; null if all are. Each ought to be: that is done when a VM is started.
    /// </summary>
    public static async Task<string?> UnpluggedAsync(StepScope scope, VmRecord vm)
    {
        var unplugged = new List<string>();
        foreach (var vif in vm.Vifs)
        {
            var record = await scope.GetAsync(scope.Target, vif);
            if (!record.CurrentlyAttached)
            {
                var network = record.Network.IsNull ? null : await scope.GetAsync(scope.Target, record.Network);
                unplugged.Add(
                    $"interface {record.Device} ({record.Mac}) on {(network is null ? "no network" : $"network {network.NameLabel}")}");
            }
        }

        return unplugged.Count == 0 ? null : $"{string.Join(", ", unplugged)} {(unplugged.Count == 1 ? "is" : "are")} not plugged";
    }
}
