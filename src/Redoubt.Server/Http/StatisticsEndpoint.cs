using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// <c>/rrd_updates</c>, <c>/vm_rrd</c> and <c>/host_rrd</c>, with xapi's parameters. Whoever shows graphs asks every few seconds, so it is
/// in no audit log and no task.
/// </summary>
internal sealed class StatisticsEndpoint(PoolDaemon daemon, HttpSessions sessions, TransferRunner transfers)
{
    private const string Xml = "text/xml";

    public Task UpdatesAsync(HttpContext http) => AnswerAsync(http, "rrd_updates", state =>
    {
        var query = http.Request.Query;
        var table = daemon.Statistics.Read(
            state, [.. query["vm_uuid"].OfType<string>()], VmMetadataEndpoint.Flag(query, "host", otherwise: false),
            Number(query, "start", null), Number(query, "interval", 0), query["cf"].FirstOrDefault());
        return VmMetadataEndpoint.Flag(query, "json", otherwise: false)
            ? (table.ToJson(), "application/json")
            : (Encoding.UTF8.GetBytes(table.ToXml()), Xml);
    });

    public Task VmAsync(HttpContext http) => AnswerAsync(http, "vm_rrd", state =>
    {
        var uuid = http.Request.Query["uuid"].ToString();
        var vm = state.FindByUuid<VmRecord>(uuid);
        return state.Find(vm) is not null
            ? Dump(http, daemon.Statistics.Dump(state, vm))
            : throw new XenApiException("UUID_INVALID", "VM", uuid);
    });

    public Task HostAsync(HttpContext http) =>
        AnswerAsync(http, "host_rrd", state => Dump(http, daemon.Statistics.Dump(state, daemon.Services.Hosts.Local.Host)));

    private static (byte[] Body, string Type) Dump(HttpContext http, string xml) =>
        VmMetadataEndpoint.Flag(http.Request.Query, "json", otherwise: false)
            ? throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "json", "true", "All that is kept is given as XML; ask /rrd_updates for JSON.")
            : (Encoding.UTF8.GetBytes(xml), Xml);

    private static long Number(IQueryCollection query, string name, long? otherwise) => query[name].FirstOrDefault() switch
    {
        null when otherwise is { } value => value,
        { } text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && Math.Abs(number) < 1e12 => (long)number,
        var other => throw new XenApiException("INVALID_VALUE", name, other ?? ""),
    };

    private async Task AnswerAsync(
        HttpContext http, string handler, Func<DatabaseState, (byte[] Body, string Type)> make)
    {
        try
        {
            var isKnown = await sessions.RunAsync(http, session =>
            {
                RoleCheck.Require(session, "http/" + handler, Role.ReadOnly);
                var (body, type) = make(daemon.Services.State);
                return TransferRunner.SendAsync(http, new MemoryStream(body), type);
            });
            if (!isKnown)
            {
                await HttpPages.UnauthorisedAsync(http, handler);
            }
        }
        catch (XenApiException refused)
        {
            await TransferRunner.FailAsync(http, transfers.Translate(refused, handler));
        }
    }
}
