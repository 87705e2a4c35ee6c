using System.Net;
using Redoubt.Database;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>An address of this host at which disks are read, for a network there has the purpose.</summary>
/// <param name="Network">The network.</param>
/// <param name="Address">The address.</param>
/// <param name="NeedsTls">Whether nothing is said there in clear.</param>
internal sealed record NbdDoor(Ref<NetworkRecord> Network, IPAddress Address, bool NeedsTls)
{
    /// <summary>Those that there are now: the addresses of the interfaces that are the networks' bridges.</summary>
    public static IReadOnlyList<NbdDoor> Of(DatabaseState state)
    {
        var networks = state.All<NetworkRecord>().Where(n => !n.Record.Purpose.IsEmpty && n.Record.Bridge.Length > 0).ToList();
        if (networks.Count == 0)
        {
            return [];
        }

        var own = OwnAddresses.ByInterface();
        return
        [
            .. networks.SelectMany(n => own[n.Record.Bridge].Select(a => new NbdDoor(n.Ref, a, NeedsTlsAt(n.Record))))
                .DistinctBy(d => d.Address),
        ];
    }

    /// <summary>Whether any network has the purpose.</summary>
    public static bool IsWanted(DatabaseState state) => state.All<NetworkRecord>().Any(n => !n.Record.Purpose.IsEmpty);

    /// <summary>Whether who has come in here may stay: the network has the purpose still, and the same one.</summary>
    public bool IsOpen(DatabaseState state) =>
        state.Find(Network) is { Purpose.IsEmpty: false } network && NeedsTlsAt(network) == NeedsTls;

    private static bool NeedsTlsAt(NetworkRecord network) => !network.Purpose.Contains(NetworkPurpose.InsecureNbd);
}
