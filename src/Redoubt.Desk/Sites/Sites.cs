using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// The other pools that this daemon knows, and the clients that speak with them. The certificate that a site shows when it is added is
/// the only one that is accepted from then on, as ssh does it with host keys.
/// </summary>
internal sealed class Sites(PoolServices pool, SiteFile file)
{
    // A site that is dead takes a plan this long at most.
    private static readonly TimeSpan LoginLimit = TimeSpan.FromSeconds(10);

    public IEnumerable<Site> All => file.All;

    /// <exception cref="XenApiException"><c>DR_SITE_UNKNOWN</c>.</exception>
    public Site Get(string name) => file.Find(name) ?? throw new XenApiException("DR_SITE_UNKNOWN", name);

    /// <summary>Adds a site; somebody must be able to log in there.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>DR_SITE_UNREACHABLE</c>, <c>DR_SITE_EXISTS</c>.</exception>
    public async Task<Site> AddAsync(
        string name, string address, string user, string password, string addedBy, CancellationToken cancellationToken)
    {
        Names.Require("name", name);
        if (file.Find(name) is not null)
        {
            throw new XenApiException("DR_SITE_EXISTS", name);
        }

        var site = await LookAsync(name, address, user, password, addedBy, _ => { }, cancellationToken);
        return file.Add(site, password) ? site : throw new XenApiException("DR_SITE_EXISTS", name);
    }

    /// <summary>Changes where a site is reached and who logs in; it must be the same pool, and somebody must be able to.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>DR_SITE_UNREACHABLE</c>, <c>DR_SITE_UNKNOWN</c>.</exception>
    public async Task<Site> ChangeAsync(
        string name, string address, string user, string password, string changedBy, CancellationToken cancellationToken)
    {
        var before = Get(name);
        var site = await LookAsync(
            name, address, user, password, changedBy,
            theirs =>
            {
                // What is kept of a site by its pool (runs, what it had when it was seen) must not become another pool's.
                if (theirs.Uuid != before.PoolUuid)
                {
                    throw new XenApiException(
                        "INVALID_VALUE", "address",
                        $"{address} (the pool {theirs.NameLabel} is there, and {name} is {before.PoolName}; "
                            + $"{name} stays as it is until you dr-site-remove and dr-site-add it)");
                }
            },
            cancellationToken);
        return file.Replace(site, password) ? site : throw new XenApiException("DR_SITE_UNKNOWN", name);
    }

    private async Task<Site> LookAsync(
        string name, string address, string user, string password, string addedBy, Action<PoolRecord> require,
        CancellationToken cancellationToken)
    {
        var url = ReadAddress(address);
        string? certificate = null;
        var found = await LoginAsync(
            name, url, user, password, offered => (certificate = Fingerprint(offered)) is not null, cancellationToken);
        await using (found)
        {
            var theirs = (await found.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First();
            if (theirs.Uuid == pool.State.Get(pool.Pool).Uuid)
            {
                throw new XenApiException("INVALID_VALUE", "address", $"{address} (this is this pool itself; a site is another one)");
            }

            require(theirs);
            if (theirs.OtherConfig.TryGetValue(Marks.MetadataKey, out var key))
            {
                await pool.TrustKeyAsync(theirs.Uuid, key);
            }

            return new()
            {
                Name = name,
                Address = url.GetLeftPart(UriPartial.Authority),
                User = user,
                PoolUuid = theirs.Uuid,
                PoolName = theirs.NameLabel,
                Certificate = certificate,
                AddedBy = addedBy,
                AddedAt = pool.Time.GetUtcNow(),
            };
        }
    }

    /// <exception cref="XenApiException"><c>DR_SITE_UNKNOWN</c>.</exception>
    public void Remove(string name)
    {
        if (!file.Remove(name))
        {
            throw new XenApiException("DR_SITE_UNKNOWN", name);
        }
    }

    /// <summary>A client that is logged in at a site; whoever asks disposes it.</summary>
    /// <exception cref="XenApiException"><c>DR_SITE_UNKNOWN</c>, <c>DR_SITE_UNREACHABLE</c>.</exception>
    public Task<XenApiClient> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        var site = Get(name);
        return LoginAsync(
            name, new Uri(site.Address), site.User, PasswordOf(site), offered => Fingerprint(offered) == site.Certificate,
            cancellationToken);
    }

    /// <summary>Whether each site answers, asked all at once.</summary>
    public async Task<ImmutableArray<SiteTest>> TestAllAsync(CancellationToken cancellationToken) =>
        [.. await Task.WhenAll(All.Select(site => TestAsync(site, cancellationToken)))];

    private async Task<SiteTest> TestAsync(Site site, CancellationToken cancellationToken)
    {
        try
        {
            await using var api = await ConnectAsync(site.Name, cancellationToken);
            return new(site, true, null, await VersionAsync(api, cancellationToken));
        }
        catch (XenApiException unreachable) when (unreachable.Code == "DR_SITE_UNREACHABLE")
        {
            return new(site, false, unreachable.Parameters[1]);
        }
    }

    private static async Task<string?> VersionAsync(XenApiClient api, CancellationToken cancellationToken)
    {
        try
        {
            var pool = (await api.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.First();
            var software = (await api.Host.GetRecordAsync(pool.Master, cancellationToken)).SoftwareVersion;
            return $"{software.GetValueOrDefault("product_brand")} {software.GetValueOrDefault("product_version")}".Trim() is { Length: > 0 } version ? version : null;
        }
        catch (Exception untold) when (untold is XenApiException or XenApiTransportException)
        {
            // It answers, which is what was asked.
            return null;
        }
    }

    private string PasswordOf(Site site)
    {
        try
        {
            return file.PasswordOf(site);
        }
        catch (InvalidDataException sealedForGood)
        {
            throw new XenApiException(
                sealedForGood, "DR_SITE_UNREACHABLE", site.Name,
                $"its stored password can't be read ({sealedForGood.Message.TrimEnd('.')}); dr-site-remove and dr-site-add it");
        }
        catch (KeyNotFoundException removed)
        {
            throw new XenApiException(removed, "DR_SITE_UNKNOWN", site.Name);
        }
    }

    private async Task<XenApiClient> LoginAsync(
        string name, Uri url, string user, string password, Func<X509Certificate2, bool> accept, CancellationToken cancellationToken)
    {
        string? refused = null;
        using var limit = new CancellationTokenSource(LoginLimit, pool.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var api = new XenApiClient(
            url,
            offered =>
            {
                refused = accept(offered) ? null
                    : $"its certificate is not the one it had when it was added (now SHA-256 {Fingerprint(offered)}); if the change is "
                        + "right, dr-site-remove and dr-site-add it";
                return refused is null;
            },
            pool.Time);
        try
        {
            await api.LoginAsync(user, password, both.Token);
            return api;
        }
        catch (Exception failed)
        {
            await api.DisposeAsync();
            switch (failed)
            {
                case XenApiException refusal:
                    throw new XenApiException(
                        refusal, "DR_SITE_UNREACHABLE", name, $"{refusal.Code} {string.Join(", ", refusal.Parameters)}".TrimEnd());
                case XenApiTransportException broken:
                    throw new XenApiException(broken, "DR_SITE_UNREACHABLE", name, refused ?? broken.Message);
                case OperationCanceledException when !cancellationToken.IsCancellationRequested:
                    throw new XenApiException(
                        failed, "DR_SITE_UNREACHABLE", name, $"there was no answer within {LoginLimit.TotalSeconds:0} s");
                default: throw;
            }
        }
    }

    private static Uri ReadAddress(string address)
    {
        try
        {
            var url = PoolAddress.Read(address, Uri.UriSchemeHttps).Url;
            return url.Scheme == Uri.UriSchemeHttps || url.IsLoopback
                ? url
                : throw new FormatException("plain http:// goes to this machine only");
        }
        catch (FormatException wrong)
        {
            throw new XenApiException(
                wrong, "INVALID_VALUE", "address",
                $"{address} (it is a host name, an address or an https:// URL, each with or without a port: {wrong.Message})");
        }
    }

    private static string Fingerprint(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));
}
