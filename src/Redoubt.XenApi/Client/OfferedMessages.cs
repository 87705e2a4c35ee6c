using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Redoubt.XenApi;

/// <summary>
/// Which messages a server answers. That is found out once and before anything depends on it: by the server's own list
/// (<c>system.listMethods</c>), and where it gives none by the product that its coordinator says it is. It is never found out by sending a
/// message and looking at the error: a genuine xapi takes a message that it does not know for one of its extensions, and refuses that to
/// every session but an administrator's, so to every one on a foreign database too, with <c>RBAC_PERMISSION_DENIED</c>.
/// </summary>
public sealed class OfferedMessages
{
    /// <summary>The message that lists them.</summary>
    public const string List = "system.listMethods";

    private const string Product = "Redoubt";

    private readonly FrozenSet<string>? _listed;

    private OfferedMessages(FrozenSet<string>? listed, string product) => (_listed, ServerProduct) = (listed, product);

    /// <summary>The product that the server says it is, with its version; empty if it does not say so.</summary>
    public string ServerProduct { get; }

    /// <summary>Asks a server.</summary>
    /// <param name="api">A session on the server's own database: on a foreign one the hosts are another server's.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="XenApiException">The server refused to say what it is.</exception>
    /// <exception cref="XenApiTransportException">It did not answer.</exception>
    public static async Task<OfferedMessages> ReadAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        var listed = await ListAsync(api, cancellationToken);
        // Fields and not records: a newer server may have something in those that we can't read.
        var pools = await api.CallAsync<ImmutableList<Ref<PoolRecord>>>("pool.get_all", [], cancellationToken);
        var master = await api.CallAsync<Ref<HostRecord>>("pool.get_master", [pools[0]], cancellationToken);
        var version = await api.CallAsync<ImmutableSortedDictionary<string, string>>("host.get_software_version", [master], cancellationToken);
        return Of(listed, version.GetValueOrDefault("product_brand", ""), version.GetValueOrDefault("product_version", ""));
    }

    /// <summary>What follows from what a server says. Pure.</summary>
    /// <param name="listed">Its list of methods; null or empty if it gives none.</param>
    /// <param name="brand">Its product.</param>
    /// <param name="version">The product's version.</param>
    public static OfferedMessages Of(IReadOnlyCollection<string>? listed, string brand, string version)
    {
        var product = $"{brand} {version}".Trim();
        return listed is { Count: > 0 } ? new(listed.ToFrozenSet(StringComparer.Ordinal), product)
            : brand == Product ? new(DeclaredMessages(_ => true), product)
            : new(null, product);
    }

    /// <summary>Whether the server answers a message.</summary>
    /// <param name="message">The full name, for example <c>VM.recover_mapped</c>.</param>
    public bool Has(string message) => _listed?.Contains(message) ?? DataModel.FindMessage(message) is { Message.IsExtension: false };

    /// <summary>Those messages that only Redoubt has, and that this server answers.</summary>
    public IEnumerable<string> Extensions() => DeclaredMessages(m => m.IsExtension).Where(Has);

    private static FrozenSet<string> DeclaredMessages(Func<MessageModel, bool> isSuch) =>
        DataModel.Classes.Values.SelectMany(c => c.Messages.Values.Where(isSuch).Select(m => $"{c.Name}.{m.Name}")).ToFrozenSet(StringComparer.Ordinal);

    // It is XML-RPC's own and of no class, so a server may well not have it; then what it says it is must do.
    private static async Task<IReadOnlyCollection<string>?> ListAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        try
        {
            return await api.CallRawAsync(List, [], cancellationToken) is WireArray { Items: var names } ? [.. names.OfType<WireString>().Select(n => n.Value)] : null;
        }
        catch (XenApiException)
        {
            return null;
        }
    }
}
