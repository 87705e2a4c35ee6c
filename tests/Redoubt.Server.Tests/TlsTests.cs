using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Server.Tests;

/// <summary>The handshakes of other people's clients, as OpenSSL makes them with the same offers.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private const string Gcm = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";

    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-tls-").FullName;
    private PoolServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Clients => new()
    {
        // stunnel as xe starts it, and xapi's own connections: nothing but this.
        { "xe and its stunnel", $"-tls1_2 -cipher {Gcm} -groups secp384r1", "RSA" },
        { "xe, the shorter cipher", "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256 -groups secp384r1", "RSA" },
        { "xapi to another host", $"-tls1_2 -cipher {Gcm} -groups secp384r1 -servername pool", "RSA" },
        { "OpenSSL 1.0.1", "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:AES128-SHA -groups P-256:P-384 "
            + "-sigalgs RSA+SHA256:RSA+SHA1", "RSA" },
        { "OpenSSL 1.0.2", "-tls1_2 -groups P-256:P-521:P-384 -sigalgs "
            + "RSA+SHA512:ECDSA+SHA512:RSA+SHA384:ECDSA+SHA384:RSA+SHA256:ECDSA+SHA256", "EC" },
        { ".NET Framework", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384 "
            + "-groups X25519:P-256:P-384", "EC" },
        { ".NET", "-groups X25519:P-256:P-384", "EC" },
        { "Java 8", $"-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256:{Gcm} -groups P-256:P-384:P-521", "EC" },
        { "Java 8 without elliptic keys", $"-tls1_2 -cipher {Gcm}:DHE-RSA-AES128-GCM-SHA256 -groups P-256:P-384:P-521", "RSA" },
        { "Java 21", "-groups X25519:P-256:P-384:P-521", "EC" },
        { "Python", "", "EC" },
        { "Python with the profile MODERN", "-tls1_3", "EC" },
        { "node", "-groups X25519:P-256:P-384 -cipher ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", "EC" },
        { "TLS 1.3 with RSA keys only", "-tls1_3 -sigalgs RSA-PSS+SHA256:RSA-PSS+SHA384", "RSA" },
        { "TLS 1.3 on the curve of XenServer", "-tls1_3 -groups secp384r1", "RSA" },
        { "elliptic keys only", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", "EC" },
    };

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_client_is_shown_a_key_that_it_can_do_with(string client, string offer, string kind)
    {
        var (code, said) = await HandshakeAsync(offer);
        Assert.True(code == 0, $"{client}: {said}");
        Assert.Equal(kind, KindOf(said));
    }

    [Fact]
    public async Task A_directory_with_an_elliptic_key_only_gets_one_of_the_other_kind_and_keeps_its_own()
    {
        await _server.DisposeAsync();
        File.Delete(Path.Combine(_root, "tls", "server-rsa.crt"));
        File.Delete(Path.Combine(_root, "tls", "server-rsa.key"));
        var own = await File.ReadAllTextAsync(Path.Combine(_root, "tls", "server.crt"), Cancel);
        _server = await StartAsync();
        Assert.Equal(own, await File.ReadAllTextAsync(Path.Combine(_root, "tls", "server.crt"), Cancel));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_root, "tls", "server-rsa.key")));
        Assert.Equal("RSA", KindOf((await HandshakeAsync($"-tls1_2 -cipher {Gcm} -groups secp384r1")).Said));
        Assert.Equal("EC", KindOf((await HandshakeAsync("")).Said));
    }

    [Fact]
    public async Task Ones_own_RSA_certificate_is_shown_to_everybody()
    {
        using var pair = RSA.Create(2048);
        using var made = new CertificateRequest("CN=own", pair, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1000));
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server.key"), pair.ExportPkcs8PrivateKeyPem(), Cancel);
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server.crt"), made.ExportCertificatePem(), Cancel);
        _server.Certificate!.Look();
        foreach (var offer in new[] { "", $"-tls1_2 -cipher {Gcm} -groups secp384r1" })
        {
            var (code, said) = await HandshakeAsync(offer);
            Assert.Equal(0, code);
            Assert.Contains("CN = own", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Ones_own_elliptic_certificate_has_one_beside_it_for_those_who_take_RSA_only_and_that_can_be_replaced_too()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var made = new CertificateRequest("CN=own elliptic", pair, HashAlgorithmName.SHA384)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1000));
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server.key"), pair.ExportPkcs8PrivateKeyPem(), Cancel);
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server.crt"), made.ExportCertificatePem(), Cancel);
        using var rsa = RSA.Create(2048);
        using var other = new CertificateRequest("CN=own RSA", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1000));
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server-rsa.key"), rsa.ExportPkcs8PrivateKeyPem(), Cancel);
        await File.WriteAllTextAsync(Path.Combine(_root, "tls", "server-rsa.crt"), other.ExportCertificatePem(), Cancel);
        _server.Certificate!.Look();
        Assert.Contains("CN = own elliptic", (await HandshakeAsync("")).Said, StringComparison.Ordinal);
        Assert.Contains("CN = own RSA", (await HandshakeAsync($"-tls1_2 -cipher {Gcm} -groups secp384r1")).Said, StringComparison.Ordinal);
        Assert.Contains("CN = own RSA", (await HandshakeAsync("-tls1_2 -groups P-256")).Said, StringComparison.Ordinal);
    }

    private async Task<PoolServer> StartAsync() => await PoolServer.StartAsync(
        new ServeConfig { DataDirectory = _root, ListenUrls = ["https://127.0.0.1:0"], HypervisorUri = "test:///default" },
        TimeProvider.System, Cancel);

    private async Task<(int Code, string Said)> HandshakeAsync(string offer)
    {
        string[] asked = ["s_client", "-connect", $"127.0.0.1:{new Uri(_server.Urls[0]).Port}"];
        var start = new ProcessStartInfo("openssl", asked.Concat(offer.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var client = Process.Start(start)!;
        client.StandardInput.Close();
        var (output, errors) = (client.StandardOutput.ReadToEndAsync(Cancel), client.StandardError.ReadToEndAsync(Cancel));
        await client.WaitForExitAsync(Cancel);
        return (client.ExitCode, await output + await errors);
    }

    // Of the certificate that was shown.
    private static string KindOf(string said)
    {
        using var shown = X509Certificate2.CreateFromPem(said.AsSpan(said.IndexOf("-----BEGIN", StringComparison.Ordinal)));
        return shown.GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? "RSA" : "EC";
    }
}
