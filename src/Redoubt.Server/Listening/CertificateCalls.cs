using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Listening;

/// <summary>What is told of the certificate that this server shows.</summary>
internal sealed partial class CertificateCalls(PoolServices pool, Func<ServerCertificates?> current)
{
    /// <summary>In PEM. Of another host only its own daemon knows.</summary>
    [Message("host.get_server_certificate")]
    public string GetServerCertificate(CallContext call, Ref<HostRecord> host)
    {
        call.State.Get(host);
        if (host != pool.Hosts.Local.Host)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "Each host shows a certificate of its own: ask that one, or connect to it by TLS.");
        }

        return current()?.Own.ExportCertificatePem()
            ?? throw new XenApiException("OPERATION_NOT_ALLOWED", "This server has no certificate: it does not listen with TLS.");
    }
}
