using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Whether a VM could run on each host of the pool that is enabled. Pure.</summary>
internal static class Agility
{
    /// <summary>Checks it.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="hosts">What hosts say.</param>
    /// <exception cref="XenApiException">
    /// <c>HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED</c>: a disk lies where not every host is.
    /// <c>HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED</c>: an interface is on a network that not every host has.
    /// <c>OPERATION_NOT_ALLOWED</c>: it lives in the libvirt of one host.
    /// </exception>
    public static void Require(DatabaseState state, VmRecord vm, IReadOnlyDictionary<Ref<HostRecord>, HostNow> hosts)
    {
        AdoptedVm.RequireOwn(vm, "moving it to another host");
        var enabled = state.All<HostRecord>().Where(h => h.Record.Enabled).Select(h => h.Ref).ToHashSet();
        foreach (var sr in Placement.SrsOf(state, vm))
        {
            if (!state.Get(sr).Shared || !enabled.IsSubsetOf(Placement.PluggedAt(state, sr)))
            {
                throw new XenApiException("HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr.Opaque);
            }
        }

        foreach (var network in vm.Vifs.Select(v => state.Get(v).Network).Distinct())
        {
            // One that carries only the VMs of its host does not lead from one host to another.
            if (state.Find(network) is { } record && (IsolatedNetwork.IsInternal(record)
                ? enabled.Count > 1
                : enabled.Any(h => !Placement.IsWired(state, network, h)
                    || hosts.GetValueOrDefault(h)?.HasBridge(record.Bridge) == false)))
            {
                throw new XenApiException("HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED", network.Opaque);
            }
        }
    }
}
