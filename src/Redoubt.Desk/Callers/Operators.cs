using System.Collections.Immutable;
using System.Text;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// Whoever has ordered something that goes on without them, by the name they logged in with: <c>operators.json</c> of the daemon's
/// directory, which holds no secret.
/// </summary>
internal sealed class Operators
{
    private const string FileName = "operators.json";

    // In whose name the engine cleans up after a test when nobody has asked for it. A user of that name who orders something is known,
    // and gets their own rights.
    private const string Daemon = "redoubt";

    private readonly PoolServices _pool;
    private readonly KeptFile<ImmutableSortedDictionary<string, Operator>> _known;

    private Operators(PoolServices pool, KeptFile<ImmutableSortedDictionary<string, Operator>> known) => (_pool, _known) = (pool, known);

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static Operators Open(PoolServices pool) => new(pool, Kept(pool.Files));

    /// <exception cref="InvalidDataException">The file can't be used.</exception>
    public static KeptFile<ImmutableSortedDictionary<string, Operator>> Kept(PoolFiles files) =>
        KeptFile<ImmutableSortedDictionary<string, Operator>>.Open(
            files,
            FileName,
            ImmutableSortedDictionary.Create<string, Operator>(StringComparer.Ordinal),
            content => RecoveryJson.Read<List<Operator>>(Encoding.UTF8.GetString(content))
                .ToImmutableSortedDictionary(o => o.UserName, o => o, StringComparer.Ordinal),
            known => Encoding.UTF8.GetBytes(RecoveryJson.Write(known.Values.ToList())));

    /// <summary>Remembers who orders something; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Remember(SessionOwner owner)
    {
        var now = Operator.Of(owner, _pool.State);
        _known.Change(known => known.TryGetValue(now.UserName, out var before) && RecoveryJson.Write(before) == RecoveryJson.Write(now)
            ? known
            : known.SetItem(now.UserName, now));
    }

    /// <summary>The owner of a session for somebody.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: nobody of this name may do anything here.</exception>
    public SessionOwner OwnerOf(string userName) => _known.Value.TryGetValue(userName, out var known) ? known.ToOwner(_pool.State)
        : userName == Daemon ? new() { UserName = userName }
        : throw new XenApiException(
            "RBAC_PERMISSION_DENIED", userName, $"{userName} has never ordered anything here. Somebody else must go on with it.");
}
