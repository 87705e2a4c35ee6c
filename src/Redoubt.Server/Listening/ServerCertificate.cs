using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Redoubt.Server.Listening;

/// <summary>
/// The certificate that the server shows: <c>tls/server.crt</c> and <c>tls/server.key</c> of the daemon's directory, in PEM. Made and
/// self-signed at the first start; to use one of your own, put it there, which <see cref="CertificateReload"/> notices.
/// </summary>
internal static class ServerCertificate
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    /// <exception cref="ServeException">The files there are no certificate and its key.</exception>
    public static X509Certificate2 Open(string directory, IEnumerable<ListenUrl> urls, TimeProvider time)
    {
        Directory.CreateDirectory(Path.Combine(directory, "tls"));
        var (certificate, key) = Files(directory);
        if (!File.Exists(certificate) || !File.Exists(key))
        {
            Create(certificate, key, urls, time.GetUtcNow());
        }

        return Read(directory);
    }

    /// <summary>Where the certificate and its key lie.</summary>
    public static (string Certificate, string Key) Files(string directory) =>
        (Path.Combine(directory, "tls", "server.crt"), Path.Combine(directory, "tls", "server.key"));

    /// <summary>The certificate that lies there.</summary>
    /// <exception cref="ServeException">The files there are no certificate and its key.</exception>
    public static X509Certificate2 Read(string directory)
    {
        var (certificate, key) = Files(directory);
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException)
        {
            // An argument: a certificate and a key that are each in order but not of one pair.
            throw new ServeException($"{certificate} and {key} are not a certificate and its key: {broken.Message} Put a matching pair there, or remove both.", broken);
        }
    }

    private static void Create(string certificate, string key, IEnumerable<ListenUrl> urls, DateTimeOffset now)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var host = Dns.GetHostName();
        var request = new CertificateRequest($"CN={host}", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(Names(host, urls).Build());
        using var made = request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);
        PrivateFile.Write(key, Encoding.ASCII.GetBytes(pair.ExportPkcs8PrivateKeyPem()));
        PrivateFile.Write(certificate, Encoding.ASCII.GetBytes(made.ExportCertificatePem()));
    }

    private static SubjectAlternativeNameBuilder Names(string host, IEnumerable<ListenUrl> urls)
    {
        var names = new SubjectAlternativeNameBuilder();
        var dns = new HashSet<string> { host, "localhost" };
        var addresses = new HashSet<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback };
        foreach (var url in urls)
        {
            if (url.EndPoint.Address.Equals(IPAddress.Any) || url.EndPoint.Address.Equals(IPAddress.IPv6Any))
            {
                addresses.UnionWith(OwnAddresses());
            }
            else
            {
                addresses.Add(url.EndPoint.Address);
            }

            if (Uri.CheckHostName(url.Host) == UriHostNameType.Dns)
            {
                dns.Add(url.Host);
            }
        }

        dns.ToList().ForEach(names.AddDnsName);
        addresses.ToList().ForEach(names.AddIpAddress);
        return names;
    }

    private static IEnumerable<IPAddress> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .Where(a => !a.IsIPv6LinkLocal);
}
