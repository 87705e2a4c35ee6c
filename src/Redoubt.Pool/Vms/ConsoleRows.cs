using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The records of consoles, which come and go with their guests.</summary>
internal static class ConsoleRows
{
    /// <summary>Makes those of a guest that has been started, in the place of any that its VM had.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="config">What its guest was started with.</param>
    /// <param name="server">Where others reach the server; null as long as it does not listen.</param>
    public static void Make(Transaction tx, Ref<VmRecord> vm, DomainConfig config, Uri? server)
    {
        Delete(tx, tx.Get(vm));
        foreach (var (protocol, socket) in new[] { (ConsoleProtocol.Rfb, config.VncSocketPath), (ConsoleProtocol.Vt100, config.SerialSocketPath) })
        {
            if (socket is not null)
            {
                var uuid = tx.NewUuid();
                tx.Create(new ConsoleRecord { Uuid = uuid, Vm = vm, Protocol = protocol, Location = Location(server, uuid) });
            }
        }
    }

    /// <summary>Has all of them say where the server is.</summary>
    public static void Place(Transaction tx, Uri server)
    {
        foreach (var (console, record) in tx.State.All<ConsoleRecord>().ToList())
        {
            var location = Location(server, record.Uuid);
            if (record.Location != location)
            {
                tx.Update(console, c => c with { Location = location });
            }
        }
    }

    /// <summary>Removes those of a VM.</summary>
    public static void Delete(Transaction tx, VmRecord vm)
    {
        foreach (var console in vm.Consoles)
        {
            tx.Delete(console);
        }
    }

    private static string Location(Uri? server, string uuid) => server is null ? "" : new Uri(server, $"/console?uuid={uuid}").AbsoluteUri;
}
