using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Which network here stands for one of another pool's: what the caller says, then one of the same name, then one on a bridge of the same
/// name.
/// </summary>
/// <param name="tx">The transaction of the recovery.</param>
/// <param name="told">Networks here by those there, both as UUIDs; null: the caller can't say, and what is not found is made.</param>
/// <param name="onlyTold">Whether nothing but what the caller says counts, as in a test, which must not touch production.</param>
internal sealed class RecoveryNetworks(Transaction tx, ImmutableSortedDictionary<string, string>? told, bool onlyTold)
{
    private readonly Dictionary<string, Ref<NetworkRecord>> _known = [];

    /// <summary>Finds the network for an interface of a VM.</summary>
    /// <param name="vm">The VM, as the other pool refers to it.</param>
    /// <param name="theirs">The network there.</param>
    /// <param name="made">Told if one had to be made.</param>
    /// <exception cref="XenApiException"><c>NETWORK_NOT_MAPPED</c>; <c>UUID_INVALID</c>: the caller named a network that is not
    /// here.</exception>
    public Ref<NetworkRecord> Find(Ref<VmRecord> vm, NetworkRecord theirs, Action<string> made)
    {
        if (!_known.TryGetValue(theirs.Uuid, out var here))
        {
            here = Told(theirs);
            here = here.IsNull && !onlyTold ? Alike(theirs) : here;
            here = here.IsNull ? Make(vm, theirs, made) : here;
            _known[theirs.Uuid] = here;
        }

        return here;
    }

    private Ref<NetworkRecord> Told(NetworkRecord theirs)
    {
        if (told?.GetValueOrDefault(theirs.Uuid) is not { Length: > 0 } uuid)
        {
            return default;
        }

        var here = tx.State.FindByUuid<NetworkRecord>(uuid);
        return here.IsNull ? throw new XenApiException("UUID_INVALID", "network", uuid) : here;
    }

    private Ref<NetworkRecord> Alike(NetworkRecord theirs)
    {
        var named = tx.State.FindByName<NetworkRecord>(theirs.NameLabel).FirstOrDefault(n => !IsOfTest(tx.Get(n)));
        return !named.IsNull || theirs.Bridge.Length == 0
            ? named
            : tx.State.All<NetworkRecord>().FirstOrDefault(n => n.Record.Bridge == theirs.Bridge && !IsOfTest(n.Record)).Ref;
    }

    private Ref<NetworkRecord> Make(Ref<VmRecord> vm, NetworkRecord theirs, Action<string> made)
    {
        if (told is not null)
        {
            throw new XenApiException("NETWORK_NOT_MAPPED", vm.Opaque, theirs.Uuid, theirs.NameLabel, theirs.Bridge);
        }

        made($"There was no network called \"{theirs.NameLabel}\" here, nor one on a bridge called \"{theirs.Bridge}\". "
            + "An internal network of that name was made: the VM has no connection until it is given a bridge, or the VM another network.");
        return tx.Create(new NetworkRecord { NameLabel = theirs.NameLabel, NameDescription = theirs.NameDescription, Mtu = theirs.Mtu });
    }

    private static bool IsOfTest(NetworkRecord network) => TestMarks.IsOfTest(network.OtherConfig);
}
