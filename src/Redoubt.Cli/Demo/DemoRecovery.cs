using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>What an operator does at the recovery site, from nothing but the mirrored storage.</summary>
internal sealed class DemoRecovery(DemoSite site, DemoStory story)
{
    private Ref<DrTaskRecord> _task;
    private XenApiClient _foreign = null!;

    /// <summary>The SR that was found.</summary>
    public Ref<SrRecord> Sr { get; private set; }

    /// <summary>Finds the SR and attaches it read-only.</summary>
    public async Task AttachAsync(CancellationToken cancellationToken)
    {
        var config = ImmutableSortedDictionary<string, string>.Empty.Add("location", site.Storage);
        var host = (await site.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", cancellationToken))[0];
        var probed = System.Xml.Linq.XElement.Parse(
            await site.CallAsync<string>("SR.probe", cancellationToken, host, config, "file", config.Clear().Add("metadata", "true")));
        var found = probed.Elements("SR").Single();
        var uuid = found.Element("UUID")!.Value.Trim();
        story.Say($"Found SR \"{found.Element("name_label")!.Value.Trim()}\" ({uuid}), pool metadata: {found.Element("pool_metadata_detected")!.Value.Trim()}");
        _task = await story.DoAsync("Attached it read-only (a DR task)", () => site.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", cancellationToken, "file", config, ImmutableList.Create(uuid)));
        Sr = await site.CallAsync<Ref<SrRecord>>("SR.get_by_uuid", cancellationToken, uuid);
    }

    /// <summary>Opens the lost pool's database and says what is in it.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var vdis = await site.Api.GetAllRecordsAsync<VdiRecord>(cancellationToken);
        var volume = vdis.Single(v => v.Value.Sr == Sr && v.Value is { Type: VdiType.Metadata, MetadataLatest: true }).Key;
        var session = await story.DoAsync(
            "Opened the lost pool's database", () => site.CallAsync<Ref<SessionRecord>>("VDI.open_database", cancellationToken, volume));
        _foreign = site.Api.WithSession(session);
        var pool = (await _foreign.GetAllRecordsAsync<PoolRecord>(cancellationToken)).Values.Single();
        var vms = (await _foreign.GetAllRecordsAsync<VmRecord>(cancellationToken)).Values
            .Where(v => v is { IsControlDomain: false, IsATemplate: false }).ToList();
        foreach (var (reference, vApp) in await _foreign.GetAllRecordsAsync<VmApplianceRecord>(cancellationToken))
        {
            var members = vms.Where(v => v.Appliance == reference).OrderBy(v => v.Order).Select(v => v.NameLabel);
            story.Say($"In pool \"{pool.NameLabel}\": vApp \"{vApp.NameLabel}\" with {string.Join(", ", members)}");
        }

        story.Say($"In pool \"{pool.NameLabel}\": on their own {string.Join(", ", vms.Where(v => v.Appliance.IsNull).Select(v => v.NameLabel))}");
    }

    /// <summary>Recreates vApp and VM, keeps the SR, and protects it from here on.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        foreach (var (vApp, record) in await _foreign.GetAllRecordsAsync<VmApplianceRecord>(cancellationToken))
        {
            await story.DoAsync(
                $"Recovered vApp \"{record.NameLabel}\"",
                () => _foreign.RunTaskAsync("VM_appliance.recover", [vApp, site.Api.Session, false], null, site.Api, cancellationToken));
        }

        foreach (var (vm, record) in (await _foreign.GetAllRecordsAsync<VmRecord>(cancellationToken))
            .Where(v => v.Value is { IsControlDomain: false, IsATemplate: false, Appliance.IsNull: true }))
        {
            await story.DoAsync(
                $"Recovered VM \"{record.NameLabel}\"",
                () => _foreign.RunTaskAsync("VM.recover", [vm, site.Api.Session, false], null, site.Api, cancellationToken));
        }

        await _foreign.LogoutAsync(cancellationToken);
        await site.Api.CallAsync("DR_task.destroy", [_task], cancellationToken);
        await story.DoAsync(
            "Protected the SR from here on, so that there is a way home",
            () => site.Api.CallAsync("SR.enable_database_replication", [Sr], cancellationToken));
    }
}
