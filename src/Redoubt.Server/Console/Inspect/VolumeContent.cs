using Redoubt.XenApi;

namespace Redoubt.Server.Console.Inspect;

/// <summary>What a metadata volume says of its pool.</summary>
/// <param name="Pool">The pool's name.</param>
/// <param name="Apps">Its vApps with their VMs; under the empty name, those in none.</param>
/// <param name="Srs">The names of its SRs.</param>
/// <param name="Networks">The names of its networks.</param>
public sealed record VolumeContent(string Pool, IReadOnlyList<(string App, IReadOnlyList<VmRecord> Vms)> Apps, IReadOnlyList<string> Srs, IReadOnlyList<string> Networks)
{
    internal static async Task<VolumeContent> ReadAsync(XenApiClient api, Ref<VdiRecord> volume, string at)
    {
        var session = at.Length == 0
            ? await api.CallAsync<Ref<SessionRecord>>("VDI.open_database", [volume])
            : await api.CallAsync<Ref<SessionRecord>>("VDI.open_database_at", [volume, at]);
        var foreign = api.WithSession(session);
        try
        {
            var apps = await foreign.GetAllRecordsAsync<VmApplianceRecord>();
            var vms = (await foreign.GetAllRecordsAsync<VmRecord>()).Values.Where(v => v is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false })
                .OrderBy(v => v.Order).ThenBy(v => v.NameLabel, StringComparer.OrdinalIgnoreCase).ToLookup(v => v.Appliance.IsNull ? "" : apps.GetValueOrDefault(v.Appliance)?.NameLabel ?? "");
            return new(
                (await foreign.GetAllRecordsAsync<PoolRecord>()).Values.Select(p => p.NameLabel.Length > 0 ? p.NameLabel : p.Uuid).FirstOrDefault() ?? "",
                [.. vms.OrderBy(g => g.Key.Length == 0).ThenBy(g => g.Key, StringComparer.OrdinalIgnoreCase).Select(g => (g.Key, (IReadOnlyList<VmRecord>)[.. g]))],
                [.. (await foreign.GetAllRecordsAsync<SrRecord>()).Values.Select(s => s.NameLabel).Order(StringComparer.OrdinalIgnoreCase)],
                [.. (await foreign.GetAllRecordsAsync<NetworkRecord>()).Values.Select(n => n.NameLabel).Order(StringComparer.OrdinalIgnoreCase)]);
        }
        finally
        {
            await foreign.CallAsync("session.logout", []);
        }
    }
}
