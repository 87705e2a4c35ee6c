using System.Security.Cryptography.X509Certificates;

namespace Redoubt.Server.Listening;

/// <summary>What a host shows to the others of its pool, and whom it believes.</summary>
/// <param name="Own">Its certificate among them.</param>
/// <param name="Authority">Who has signed theirs.</param>
internal sealed record HostCertificates(X509Certificate2 Own, X509Certificate2 Authority) : IDisposable
{
    public void Dispose()
    {
        Own.Dispose();
        Authority.Dispose();
    }
}
