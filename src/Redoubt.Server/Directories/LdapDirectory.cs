using System.DirectoryServices.Protocols;
using System.Net;

namespace Redoubt.Server.Directories;

/// <summary>
/// Asks a directory. Finding an entry and proving a password are two connections: the account that looks entries up is not the one whose
/// password is tried. Everything blocks, for at most a few seconds, so callers keep it off their own thread.
/// </summary>
internal sealed class LdapDirectory(DirectoryConfig config, string bindPassword)
{
    private const int WrongCredentials = 49;

    // Active Directory's rule for members of members.
    private const string MemberInChain = "member:1.2.840.113556.1.4.1941:";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private string IdentifierAttribute => config.IsActiveDirectory ? "objectSid" : "entryDN";

    /// <summary>Whom this name and password belong to, or null: there is nobody of that name, or the password is wrong.</summary>
    /// <exception cref="IOException">The directory can't be asked.</exception>
    public DirectoryEntryFound? Prove(string name, string password)
    {
        // A bind without a password is an anonymous one, which succeeds for everybody.
        if (password.Length == 0 || FindFit(name) is not { } found)
        {
            return null;
        }

        return Asking(() =>
        {
            try
            {
                using var theirs = Connect();
                theirs.Bind(new NetworkCredential(found.Dn, password));
                return found;
            }
            catch (LdapException wrong) when (wrong.ErrorCode == WrongCredentials)
            {
                return null;
            }
        });
    }

    /// <summary>
    /// The one user or group of this name, or null. Outside Active Directory groups have no name to log in with, but a common one.
    /// </summary>
    /// <exception cref="IOException">The directory can't be asked.</exception>
    public DirectoryEntryFound? FindUserOrGroup(string name)
    {
        try
        {
            return Find(name, config.IsActiveDirectory ? FilterOf(name) : $"(|{FilterOf(name)}(cn={LdapText.Escape(name)}))");
        }
        catch (InvalidDataException unfit)
        {
            throw new IOException(unfit.Message, unfit);
        }
    }

    // Whom the directory gives no identifier can be no subject. They are refused like anybody who is not known, which is recorded and
    // counted like any other refusal; an administrator who wants to make them one is told why that can't be.
    private DirectoryEntryFound? FindFit(string name)
    {
        try
        {
            return Find(name, FilterOf(name));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private DirectoryEntryFound? Find(string name, string filter) => Asking(() =>
    {
        using var connection = ConnectToLook();
        var entries = Search(connection, filter, config.NameAttribute, IdentifierAttribute);
        if (entries is not [var entry])
        {
            return null;
        }

        var dn = entry.DistinguishedName;
        var groups = Search(
            connection,
            config.IsActiveDirectory
                ? $"({MemberInChain}={LdapText.Escape(dn)})"
                : $"(|(member={LdapText.Escape(dn)})(uniqueMember={LdapText.Escape(dn)}))",
            IdentifierAttribute);
        var spelled = entry.Attributes[config.NameAttribute] is { Count: > 0 } names && names.GetValues(typeof(string))[0] is string text
            ? text
            : name;
        return new DirectoryEntryFound(dn, spelled, Identifier(entry), [.. groups.Select(TryIdentifier).OfType<string>()]);
    });

    /// <summary>Finds out whether the directory can be asked at all.</summary>
    /// <exception cref="IOException">It can't.</exception>
    public void Check() => Asking(() =>
    {
        using var connection = ConnectToLook();
        return Search(connection, "(objectClass=*)", SearchScope.Base, IdentifierAttribute).Count;
    });

    private T Asking<T>(Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (Exception failed) when (failed is LdapException or DirectoryOperationException or TimeoutException)
        {
            throw new IOException($"The directory {config} can't be asked: {failed.Message}", failed);
        }
    }

    // Active Directory people log in as "ann" or as "ann@site.example".
    private string FilterOf(string name) =>
        $"({(config.IsActiveDirectory && name.Contains('@', StringComparison.Ordinal) ? "userPrincipalName" : config.NameAttribute)}={LdapText.Escape(name)})";

    private string Identifier(SearchResultEntry entry) => TryIdentifier(entry)
        ?? throw new InvalidDataException($"The directory's entry {entry.DistinguishedName} has no security identifier.");

    private string? TryIdentifier(SearchResultEntry entry) =>
        !config.IsActiveDirectory ? entry.DistinguishedName
        : entry.Attributes[IdentifierAttribute] is { Count: > 0 } sids
            && sids.GetValues(typeof(byte[]))[0] is byte[] sid ? LdapText.Sid(sid)
        : null;

    private List<SearchResultEntry> Search(LdapConnection connection, string filter, params string[] attributes) =>
        Search(connection, filter, SearchScope.Subtree, attributes);

    private List<SearchResultEntry> Search(LdapConnection connection, string filter, SearchScope scope, params string[] attributes)
    {
        var response = (SearchResponse)connection.SendRequest(new SearchRequest(config.BaseDn, filter, scope, attributes), Timeout);
        return [.. response.Entries.Cast<SearchResultEntry>()];
    }

    private LdapConnection ConnectToLook()
    {
        var connection = Connect();
        try
        {
            connection.Bind(new NetworkCredential(config.BindDn, bindPassword));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private LdapConnection Connect()
    {
        var connection = new LdapConnection(
            new LdapDirectoryIdentifier(config.Host, config.Port))
        { AuthType = AuthType.Basic, Timeout = Timeout };
        connection.SessionOptions.ProtocolVersion = 3;

        // A referral would send the password to a machine that the administrator has not named.
        connection.SessionOptions.ReferralChasing = ReferralChasingOptions.None;
        connection.SessionOptions.SecureSocketLayer = config.IsSecure;
        return connection;
    }
}
