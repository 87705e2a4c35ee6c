using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Redoubt.Storage;

namespace Redoubt.Server.Listening;

/// <summary>
/// The certificate that the server shows: <c>tls/server.crt</c> and <c>tls/server.key</c> of the daemon's directory, in PEM. Made and
/// self-signed at the first start; to use one of your own, put it there, which <see cref="CertificateReload"/> notices. Where that has no
/// RSA
/// key, <c>tls/server-rsa.crt</c> and <c>tls/server-rsa.key</c> stand beside it, made and replaced in the same way.
/// </summary>
internal static class ServerCertificate
{
    // What genuine hosts have; a longer key costs every client of ours and theirs more for nothing.
    private const int RsaBits = 2048;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    /// <exception cref="ServeException">The files there are no certificate and its key.</exception>
    public static ServerCertificates Open(string directory, IReadOnlyCollection<ListenUrl> urls, TimeProvider time)
    {
        DurableFile.CreateDirectory(Path.Combine(directory, "tls"));
        var (certificate, key) = Files(directory);
        if (!File.Exists(certificate) || !File.Exists(key))
        {
            // The smaller key, and faster for those who can do with it.
            using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Create(
                certificate, key, name => new(name, pair, HashAlgorithmName.SHA256), pair, X509KeyUsageFlags.DigitalSignature, urls,
                time.GetUtcNow());
        }

        return Read(directory, urls, time);
    }

    /// <summary>Checks the pairs of a directory, if there are any.</summary>
    /// <exception cref="ServeException">The files there are no certificate and its key.</exception>
    public static void Check(string directory)
    {
        foreach (var (certificate, key) in new[] { Files(directory), RsaFiles(directory) })
        {
            switch (IsThere(certificate), IsThere(key))
            {
                case (true, true):
                    RequireFile(certificate);
                    RequireFile(key);
                    Read((certificate, key)).Dispose();
                    break;
                case (var there, var other) when there != other:
                    throw new ServeException(
                        $"{(there ? key : certificate)} is missing, though {(there ? certificate : key)} is there. Nothing was changed. "
                            + "Put it back, or remove both.");
            }
        }
    }

    private static void RequireFile(string path)
    {
        try
        {
            if (DurableFile.LeadsToFile(path))
            {
                return;
            }
        }
        catch (IOException nowhere)
        {
            throw new ServeException($"{path} can't be used: {nowhere.Message}. Nothing was changed.", nowhere);
        }

        throw new ServeException(
            $"{path} can't be used: it is no plain file. Nothing was changed. Put a matching pair there, or remove both.");
    }

    // Also a link that leads nowhere.
    private static bool IsThere(string file) => Path.Exists(file) || new FileInfo(file).LinkTarget is not null;

    /// <summary>Where the certificate and its key lie.</summary>
    public static (string Certificate, string Key) Files(string directory) =>
        (Path.Combine(directory, "tls", "server.crt"), Path.Combine(directory, "tls", "server.key"));

    /// <summary>Where the one with an RSA key lies, if that one has another.</summary>
    public static (string Certificate, string Key) RsaFiles(string directory) =>
        (Path.Combine(directory, "tls", "server-rsa.crt"), Path.Combine(directory, "tls", "server-rsa.key"));

    /// <summary>What lies there; a missing one with an RSA key is made.</summary>
    /// <exception cref="ServeException">The files there are no certificate and its key.</exception>
    public static ServerCertificates Read(string directory, IReadOnlyCollection<ListenUrl> urls, TimeProvider time)
    {
        var own = Read(Files(directory));
        try
        {
            return new(own, IsRsa(own) ? null : ReadRsa(directory, urls, time));
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    private static X509Certificate2 ReadRsa(string directory, IReadOnlyCollection<ListenUrl> urls, TimeProvider time)
    {
        var files = RsaFiles(directory);
        if (!File.Exists(files.Certificate) || !File.Exists(files.Key))
        {
            using var pair = RSA.Create(RsaBits);
            Create(
                files.Certificate, files.Key, name => new(name, pair, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), pair,
                X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, urls, time.GetUtcNow());
        }

        var rsa = Read(files);
        if (IsRsa(rsa))
        {
            return rsa;
        }

        rsa.Dispose();
        throw new ServeException(
            $"{files.Certificate} is for clients that take RSA keys only, and has another key. Put one with an RSA key there, or "
                + $"remove it and {files.Key}.");
    }

    private static bool IsRsa(X509Certificate2 certificate)
    {
        using var key = certificate.GetRSAPublicKey();
        return key is not null;
    }

    private static X509Certificate2 Read((string Certificate, string Key) files)
    {
        var (certificate, key) = files;
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // An argument: a certificate and a key that are each in order but not of one pair.
            throw new ServeException(
                $"{certificate} and {key} are not a certificate and its key: {broken.Message} Put a matching pair there, or remove both.",
                broken);
        }
    }

    private static void Create(
        string certificate, string key, Func<string, CertificateRequest> begin, AsymmetricAlgorithm pair, X509KeyUsageFlags usage,
        IEnumerable<ListenUrl> urls, DateTimeOffset now)
    {
        var host = Dns.GetHostName();
        var request = begin($"CN={host}");
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(Names(host, urls).Build());
        using var made = request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);
        DurableFile.Write(key, Encoding.ASCII.GetBytes(pair.ExportPkcs8PrivateKeyPem()));
        DurableFile.Write(certificate, Encoding.ASCII.GetBytes(made.ExportCertificatePem()));
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
                addresses.UnionWith(OwnAddresses.List());
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
}
