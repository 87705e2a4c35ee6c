using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Server.Listening;

/// <summary>
/// What the server shows: its certificate, and beside one with an elliptic key another with an RSA key. XenServer's own clients
/// (<c>xe</c> with
/// its stunnel, hosts among each other) take RSA keys only, on the curve secp384r1 and with TLS 1.2.
/// </summary>
/// <param name="Own">The certificate.</param>
/// <param name="Rsa">The one for clients that can't do with that; null if they can do with it.</param>
internal sealed record ServerCertificates(X509Certificate2 Own, X509Certificate2? Rsa) : IDisposable
{
    private readonly int _ellipticBits = KeyBits(Own);

    /// <summary>The certificate for a client.</summary>
    /// <param name="hello">What it offers; null if that can't be read.</param>
    public X509Certificate2 For(ClientHello? hello) => Rsa is null || hello is null || hello.TakesEllipticKey(_ellipticBits) ? Own : Rsa;

    /// <summary>Whether it is one of these.</summary>
    public bool Contains(X509Certificate2 other) => Same(Own, other) || (Rsa is not null && Same(Rsa, other));

    public void Dispose()
    {
        Own.Dispose();
        Rsa?.Dispose();
    }

    private static bool Same(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    private static int KeyBits(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPublicKey();
        return key?.KeySize ?? 0;
    }
}
