using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The bridges of internal networks, which a host makes when a guest needs them.</summary>
internal static class GuestNetworks
{
    /// <summary>
    /// Makes the bridges of the internal networks among these, and says which there are. They are made when a guest needs them, so that it
    /// matters to nobody whether the host was restarted meanwhile.
    /// </summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: a bridge can't be made.</exception>
    public static async Task<HashSet<string>> MakeBridgesAsync(HostLink at, IEnumerable<NetworkRecord> networks)
    {
        var names = networks.Where(IsolatedNetwork.IsInternal).Select(IsolatedNetwork.BridgeName).Distinct().ToList();
        if (names.Count == 0)
        {
            return [];
        }

        try
        {
            return [.. await at.Hypervisor.MakeIsolatedBridgesAsync(names, CancellationToken.None)];
        }
        catch (IOException e)
        {
            throw new XenApiException(
                e, "OPERATION_NOT_ALLOWED",
                $"{e.Message} The VM needs it for an internal network. Remove what has that name from the host.");
        }
    }
}
