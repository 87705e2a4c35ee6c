using System.Net;
using Redoubt.Database;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>An address of this host at which disks are read, for a network there has the purpose.</summary>
/// <param name="Address">The address.</param>
/// <param name="NeedsTls">Whether nothing is said there in clear.</param>
internal sealed record NbdDoor(IPAddress Address, bool NeedsTls)
{
    /// <summary>Those that there are now: the addresses of the interfaces that are the networks' bridges.</summary>
    public static IReadOnlyList<NbdDoor> Of(DatabaseState state) =>
        [.. state.All<NetworkRecord>().Select(n => n.Record).Where(n => !n.Purpose.IsEmpty && n.Bridge.Length > 0)
            .SelectMany(n => OwnAddresses.Of(n.Bridge).Select(a => new NbdDoor(a, !n.Purpose.Contains(NetworkPurpose.InsecureNbd))))
            .DistinctBy(d => d.Address)];

    /// <summary>Whether any network has the purpose.</summary>
    public static bool IsWanted(DatabaseState state) => state.All<NetworkRecord>().Any(n => !n.Record.Purpose.IsEmpty);
}
