using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Server.Tests;

public sealed class CertificateTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-certificate-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_new_certificate_is_used_without_a_restart_and_an_unfit_one_never()
    {
        await using var server = await PoolServer.StartAsync(
            new ServeConfig { DataDirectory = _root, ListenUrls = ["https://127.0.0.1:0"], HypervisorUri = "test:///default" },
            TimeProvider.System,
            TestContext.Current.CancellationToken);
        var first = await ShownAsync(server);
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=own", pair, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1000));

        // Half of it is there: the certificate without its key.
        await File.WriteAllTextAsync(
            Path.Combine(_root, "tls", "server.crt"), made.ExportCertificatePem(), TestContext.Current.CancellationToken);
        server.Certificate!.Look();
        Assert.Equal(first, await ShownAsync(server));

        await File.WriteAllTextAsync(
            Path.Combine(_root, "tls", "server.key"), pair.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        server.Certificate.Look();
        Assert.Equal(made.GetCertHashString(HashAlgorithmName.SHA256), await ShownAsync(server));
    }

    private static async Task<string> ShownAsync(PoolServer server)
    {
        var url = new Uri(server.Urls[0]);
        using var client = new TcpClient(url.Host, url.Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = url.Host,
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            },
            TestContext.Current.CancellationToken);
        return tls.RemoteCertificate!.GetCertHashString(HashAlgorithmName.SHA256);
    }
}
