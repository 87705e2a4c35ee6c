using System.Collections.Frozen;

namespace Redoubt.XenApi;

/// <summary>
/// Which messages a server answers. That is found out once and before anything depends on it: by the product that its coordinator says it
/// is,
/// and of a Redoubt pool by its list of methods (<c>system.listMethods</c>), since an older one has fewer of its own. It is never found
/// out by
/// sending a message and looking at the error: a genuine xapi takes a message that it does not know for one of its extensions, and
/// refuses that
/// to every session but an administrator's, so to every one on a foreign database too, with <c>RBAC_PERMISSION_DENIED</c>.
/// </summary>
public sealed class OfferedMessages
{
    /// <summary>The message that lists them.</summary>
    public const string List = "system.listMethods";

    private const string Product = "Redoubt";

    private readonly FrozenSet<string> _extensions;

    private OfferedMessages(IEnumerable<string> extensions, string product) =>
        (_extensions, ServerProduct) = (extensions.ToFrozenSet(StringComparer.Ordinal), product);

    /// <summary>The product that the server says it is, with its version; empty if it does not say so.</summary>
    public string ServerProduct { get; }

    /// <summary>Those messages that only Redoubt has, and that this server answers.</summary>
    public IEnumerable<string> Extensions => _extensions;

    /// <summary>Asks a server.</summary>
    /// <param name="api">A session on the server's own database: on a foreign one the hosts are another server's.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="XenApiException">The server refused to say what it is.</exception>
    /// <exception cref="XenApiTransportException">It did not answer.</exception>
    public static async Task<OfferedMessages> ReadAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        // As they come: a newer server may have something in its records that we can't read.
        var pools = await api.CallRawAsync("pool.get_all_records", [], cancellationToken);
        var hosts = await api.CallRawAsync("host.get_all_records", [], cancellationToken);
        var master = Rows(pools).Select(p => p.Record["master"]).OfType<WireString>().FirstOrDefault();
        var coordinator = Rows(hosts).OrderBy(h => h.Ref != master?.Value).Select(h => h.Record["software_version"])
            .OfType<WireStruct>().FirstOrDefault();
        string Version(string key) => coordinator?[key] is WireString text ? text.Value : "";
        var brand = Version("product_brand");
        return Of(brand, Version("product_version"), brand == Product ? await ListAsync(api, cancellationToken) : null);
    }

    /// <summary>What follows from what a server says. Pure.</summary>
    /// <param name="brand">Its product.</param>
    /// <param name="version">The product's version.</param>
    /// <param name="listed">Its list of methods; null if it gives none.</param>
    public static OfferedMessages Of(string brand, string version, IReadOnlyCollection<string>? listed) =>
        new(
            brand == Product ? listed is { Count: > 0 } ? DeclaredExtensions().Intersect(listed) : DeclaredExtensions() : [],
            $"{brand} {version}".Trim());

    /// <summary>Whether the server answers a message.</summary>
    /// <param name="message">The full name, for example <c>VM.recover_mapped</c>.</param>
    public bool Has(string message) => _extensions.Contains(message) || DataModel.FindMessage(message) is { Message.IsExtension: false };

    private static IEnumerable<string> DeclaredExtensions() =>
        DataModel.Classes.Values.SelectMany(c => c.Messages.Values.Where(m => m.IsExtension).Select(m => $"{c.Name}.{m.Name}"));

    private static IEnumerable<(string Ref, WireStruct Record)> Rows(WireValue table) =>
        table is WireStruct rows ? rows.Members.Where(m => m.Value is WireStruct).Select(m => (m.Key, (WireStruct)m.Value)) : [];

    private static async Task<IReadOnlyCollection<string>?> ListAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        try
        {
            return await api.CallRawAsync(List, [], cancellationToken) is WireArray { Items: var names }
                ? [.. names.OfType<WireString>().Select(n => n.Value)]
                : null;
        }
        catch (XenApiException)
        {
            // It says what it is; that must do.
            return null;
        }
    }
}
