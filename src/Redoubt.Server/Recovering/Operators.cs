using System.Collections.Immutable;
using System.Text;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Server.Recovering;

/// <summary>
/// Whoever has ordered something that goes on without them, by the name they logged in with: <c>operators.json</c> of the daemon's
/// directory, which holds no secret.
/// </summary>
internal sealed class Operators
{
    // In whose name the engine cleans up after a test when nobody has asked for it. A user of that name who orders something is known,
    // and gets their own rights.
    private const string Daemon = "redoubt";

    private readonly PoolServices _pool;
    private readonly string _path;
    private readonly Lock _writing = new();
    private volatile ImmutableSortedDictionary<string, Operator> _known;

    private Operators(PoolServices pool, string path, ImmutableSortedDictionary<string, Operator> known) => (_pool, _path, _known) = (pool, path, known);

    /// <exception cref="InvalidDataException">The file is garbled.</exception>
    public static Operators Open(PoolServices pool)
    {
        var path = Path.Combine(pool.DataDirectory, "operators.json");
        try
        {
            return new(pool, path, File.Exists(path)
                ? RecoveryJson.Read<List<Operator>>(File.ReadAllText(path)).ToImmutableSortedDictionary(o => o.UserName, o => o, StringComparer.Ordinal)
                : ImmutableSortedDictionary.Create<string, Operator>(StringComparer.Ordinal));
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The file of the operators {path} is garbled ({broken.Message}). Remove it; runs of directory users must then be resumed by them.", broken);
        }
    }

    /// <summary>Remembers who orders something; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Remember(SessionOwner owner)
    {
        var now = Operator.Of(owner, _pool.State);
        lock (_writing)
        {
            if (_known.TryGetValue(now.UserName, out var before) && RecoveryJson.Write(before) == RecoveryJson.Write(now))
            {
                return;
            }

            var changed = _known.SetItem(now.UserName, now);
            PrivateFile.Write(_path, Encoding.UTF8.GetBytes(RecoveryJson.Write(changed.Values.ToList())));
            _known = changed;
        }
    }

    /// <summary>The owner of a session for somebody.</summary>
    /// <exception cref="XenApiException"><c>RBAC_PERMISSION_DENIED</c>: nobody of this name may do anything here.</exception>
    public SessionOwner OwnerOf(string userName) => _known.TryGetValue(userName, out var known) ? known.ToOwner(_pool.State)
        : userName == Daemon ? new() { UserName = userName }
        : throw new XenApiException("RBAC_PERMISSION_DENIED", userName, $"{userName} has never ordered anything here. Somebody else must go on with it.");
}
