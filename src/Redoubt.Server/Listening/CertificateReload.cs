using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;

namespace Redoubt.Server.Listening;

/// <summary>
/// Hands out the certificate for each new connection, and takes a new one into use when its files have changed. A pair that does not fit,
/// as while one of the two is being replaced, changes nothing. Looked at every few seconds: watching a folder misses what network file
/// systems and renamed links do.
/// </summary>
internal sealed class CertificateReload : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly string _directory;
    private readonly ILogger<CertificateReload> _log;
    private readonly TimeProvider _time;
    private readonly Worker _worker;
    private readonly List<ServerCertificates> _retired = [];
    private readonly IReadOnlyCollection<ListenUrl> _urls;
    private volatile ServerCertificates _current;
    private string _stamp;
    private string _complainedOf = "";

    public CertificateReload(
        string directory, IReadOnlyCollection<ListenUrl> urls, ServerCertificates first, TimeProvider time, ILogger<CertificateReload> log)
    {
        (_directory, _urls, _current, _time, _log) = (directory, urls, first, time, log);
        _stamp = Stamp();
        _worker = new("The look at the certificate", Interval, time, log, isFirstAtOnce: false, _ => LookAsync());
    }

    /// <summary>The certificates for a connection that begins now.</summary>
    public ServerCertificates Current => _current;

    /// <summary>Takes a changed certificate into use.</summary>
    public void Look()
    {
        var stamp = Stamp();
        if (stamp == _stamp)
        {
            return;
        }

        try
        {
            var fresh = ServerCertificate.Read(_directory, _urls, _time);

            // Connections that are being made still hold the old one; it goes with the server.
            _retired.Add(_current);
            (_current, _stamp) = (fresh, Stamp());
            _log.LogInformation("The certificate has been replaced; its SHA-256 is {Fingerprint}", Fingerprint(fresh.Own));
            if (fresh.Rsa is { } rsa)
            {
                _log.LogInformation("Clients that take RSA keys only are shown the one with the SHA-256 {Fingerprint}", Fingerprint(rsa));
            }
        }
        catch (Exception unfit) when (unfit is ServeException or IOException or UnauthorizedAccessException)
        {
            if (_complainedOf != stamp)
            {
                _log.LogWarning("The certificate was changed, but the old one stays in use: {Message}", unfit.Message);
                _complainedOf = stamp;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        _current.Dispose();
        _retired.ForEach(c => c.Dispose());
    }

    private string Stamp()
    {
        var ((certificate, key), (rsa, rsaKey)) = (ServerCertificate.Files(_directory), ServerCertificate.RsaFiles(_directory));
        return $"{Stamp(certificate)} {Stamp(key)} {Stamp(rsa)} {Stamp(rsaKey)}";
    }

    private static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    // A file that is not there has a time too, one of long ago.
    private static string Stamp(string file) =>
        $"{File.GetLastWriteTimeUtc(file).Ticks}/{(File.Exists(file) ? new FileInfo(file).Length : -1)}";

    private Task LookAsync()
    {
        Look();
        return Task.CompletedTask;
    }
}
