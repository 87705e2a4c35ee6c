using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>Where disks can be read over NBD.</summary>
internal sealed partial class NbdCalls(PoolServices pool, NbdServer server, Func<ServerCertificates?> certificates)
{
    [Message("VDI.get_nbd_info")]
    public async Task<ImmutableList<VdiNbdServerInfoRecord>> GetNbdInfoAsync(CallContext call, Ref<VdiRecord> self)
    {
        var vdi = pool.State.Get(self);
        if (vdi.Type is VdiType.CbtMetadata or VdiType.Metadata)
        {
            throw new XenApiException("VDI_INCOMPATIBLE_TYPE", self.Opaque, VdiTypeType.Instance.Encode(vdi.Type));
        }

        // Only this host serves disks, and none that it does not reach.
        var doors = pool.Hosts.Local.Attached.Find(pool.State.Get(vdi.Sr).Uuid) is null ? [] : NbdDoor.Of(pool.State);
        if (doors.Count == 0)
        {
            return [];
        }

        var certificate = certificates()?.Own;
        if (certificate is null && doors.Any(d => d.NeedsTls))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The daemon listens without TLS, and so has no certificate to serve disks with. Start it with an https URL (--listen).");
        }

        var port = await server.ListenAsync(call.Cancellation);
        return
        [
            .. doors.Select(d => new VdiNbdServerInfoRecord
            {
                Exportname = $"/{vdi.Uuid}?session_id={call.Session.Ref.Opaque}",
                Address = $"{d.Address}",
                Port = port,
                Cert = certificate?.ExportCertificatePem() ?? "",
                Subject = certificate is null ? "" : SubjectOf(certificate, pool.State.Get(pool.Hosts.Local.Host).Hostname),
            }),
        ];
    }

    /// <summary>The name that a certificate is for: one without a wildcard, if there is one.</summary>
    internal static string SubjectOf(X509Certificate2 certificate, string otherwise) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())
            .OrderBy(n => n.StartsWith('*')).ThenBy(n => n, StringComparer.Ordinal).FirstOrDefault() ?? otherwise;
}
