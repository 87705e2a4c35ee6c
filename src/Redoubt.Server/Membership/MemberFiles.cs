using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Redoubt.Agreement;
using Redoubt.Storage;

namespace Redoubt.Server.Membership;

/// <summary>
/// What a host is given when it joins, beside the database: who it is to the others, and the files that are the pool's and not a host's.
/// Each member has the authority's key, so that whichever coordinates can admit others.
/// </summary>
internal static class MemberFiles
{
    private const string Authority = "authority";
    private const string Own = "member";
    private const string KeptPrefix = "kept:";
    /// <summary>The name of the file with the authority's key.</summary>
    public const string AuthorityKey = "authority.key";

    /// <summary>Makes a new pool's authority and its first member's certificate, and lays both down.</summary>
    public static void Begin(string membersDirectory, string poolUuid, string hostUuid, string address, TimeProvider time)
    {
        using var authority = PoolAuthority.Create(poolUuid, time);
        using var own = PoolAuthority.Issue(authority, hostUuid, System.Net.IPAddress.Parse(address), time);
        Lay(membersDirectory, authority, own);
    }

    /// <summary>What a host that joins is to be given.</summary>
    public static ImmutableSortedDictionary<string, string> Give(string dataDirectory, string hostUuid, string address, TimeProvider time)
    {
        var members = PoolMembership.DirectoryOf(dataDirectory);
        using var authority = X509Certificate2.CreateFromPemFile(
            Path.Combine(members, "authority.crt"), Path.Combine(members, AuthorityKey));
        using var own = PoolAuthority.Issue(authority, hostUuid, System.Net.IPAddress.Parse(address), time);
        var given = ImmutableSortedDictionary<string, string>.Empty.Add(Authority, Pem(authority)).Add(Own, Pem(own));
        foreach (var name in PoolFiles.Names)
        {
            if (DurableFile.Read(Path.Combine(dataDirectory, name)) is { } content)
            {
                given = given.Add(KeptPrefix + name, Convert.ToBase64String(content));
            }
        }

        return given;
    }

    /// <summary>Lays down who this host is to the others.</summary>
    public static void LayCertificates(string membersDirectory, ImmutableSortedDictionary<string, string> given)
    {
        using var authority = X509Certificate2.CreateFromPem(given[Authority], given[Authority]);
        using var own = X509Certificate2.CreateFromPem(given[Own], given[Own]);
        Lay(membersDirectory, authority, own);
    }

    /// <summary>What a witness is to be given: who it is, and no key of anybody else.</summary>
    public static ImmutableSortedDictionary<string, string> GiveWitness(
        string dataDirectory, string uuid, string address, TimeProvider time)
    {
        var members = PoolMembership.DirectoryOf(dataDirectory);
        using var authority = X509Certificate2.CreateFromPemFile(
            Path.Combine(members, "authority.crt"), Path.Combine(members, AuthorityKey));
        using var own = PoolAuthority.Issue(authority, uuid, System.Net.IPAddress.Parse(address), time);
        return ImmutableSortedDictionary<string, string>.Empty.Add(Authority, authority.ExportCertificatePem()).Add(Own, Pem(own));
    }

    /// <summary>Lays down who a witness is to the hosts.</summary>
    public static void LayWitness(string membersDirectory, ImmutableSortedDictionary<string, string> given)
    {
        using var authority = X509Certificate2.CreateFromPem(given[Authority]);
        using var own = X509Certificate2.CreateFromPem(given[Own], given[Own]);
        LayEtcd(membersDirectory, authority, own);
    }

    /// <summary>
    /// Puts the pool's files in the place of this host's own, which keep what they were under another name. Repeating it changes nothing.
    /// </summary>
    public static void TakeKept(string dataDirectory, string aside, ImmutableSortedDictionary<string, string> given)
    {
        foreach (var name in PoolFiles.Names)
        {
            var path = Path.Combine(dataDirectory, name);
            SetAside(path, aside);
            if (given.TryGetValue(KeptPrefix + name, out var content))
            {
                DurableFile.Write(path, Convert.FromBase64String(content));
            }
        }
    }

    /// <summary>Gives a file another name, unless that has been done before.</summary>
    public static void SetAside(string path, string aside)
    {
        if (File.Exists(path) && !File.Exists(path + aside))
        {
            DurableFile.Rename(path, path + aside);
        }
    }

    private static void LayEtcd(string membersDirectory, X509Certificate2 authority, X509Certificate2 own)
    {
        DurableFile.CreateDirectory(membersDirectory);
        foreach (var (name, text) in EtcdMember.FilesOf(authority, own))
        {
            DurableFile.Write(Path.Combine(membersDirectory, name), System.Text.Encoding.ASCII.GetBytes(text));
        }
    }

    private static void Lay(string membersDirectory, X509Certificate2 authority, X509Certificate2 own)
    {
        LayEtcd(membersDirectory, authority, own);
        using var key = authority.GetECDsaPrivateKey()!;
        DurableFile.Write(
            Path.Combine(membersDirectory, AuthorityKey), System.Text.Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
    }

    private static string Pem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
