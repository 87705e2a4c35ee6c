using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

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
    private readonly Worker _worker;
    private readonly List<X509Certificate2> _retired = [];
    private volatile X509Certificate2 _current;
    private string _stamp;
    private string _complainedOf = "";

    public CertificateReload(string directory, X509Certificate2 first, TimeProvider time, ILogger<CertificateReload> log)
    {
        (_directory, _current, _log) = (directory, first, log);
        _stamp = Stamp();
        _worker = new("The look at the certificate", Interval, time, log, isFirstAtOnce: false, _ => LookAsync());
    }

    /// <summary>The certificate for a connection that begins now.</summary>
    public X509Certificate2 Current => _current;

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
            var fresh = ServerCertificate.Read(_directory);

            // Connections that are being made still hold the old one; it goes with the server.
            _retired.Add(_current);
            (_current, _stamp) = (fresh, stamp);
            _log.LogInformation("The certificate has been replaced; its SHA-256 is {Fingerprint}", fresh.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
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
        var (certificate, key) = ServerCertificate.Files(_directory);
        return $"{Stamp(certificate)} {Stamp(key)}";
    }

    // A file that is not there has a time too, one of long ago.
    private static string Stamp(string file) => $"{File.GetLastWriteTimeUtc(file).Ticks}/{(File.Exists(file) ? new FileInfo(file).Length : -1)}";

    private Task LookAsync()
    {
        Look();
        return Task.CompletedTask;
    }
}
