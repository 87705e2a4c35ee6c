using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Cli.Demo;

/// <summary>What the demo does with a site whose pool has several hosts: joins them, says which runs what, and loses one.</summary>
internal sealed class DemoPool(DemoSite site, DemoStory story)
{
    private const string Acknowledged = "changed in the moment before a host was lost";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Makes one pool of the site's hosts, which are pools by themselves. Two are given a witness.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        foreach (var host in site.Hosts)
        {
            await NameAsync(host, cancellationToken);
            if (host != site.Coordinator)
            {
                await new DemoCommandLine(site, story, host).RunAsync(
                    [
                        "pool-join", $"master-address={site.Coordinator.Url.Authority}", "master-username=root",
                        $"master-password={(await File.ReadAllLinesAsync(site.PasswordFile, cancellationToken))[1]}",
                    ],
                    cancellationToken);
                await UntilAsync(
                    async token => await FindUpAsync(host.Name, token), $"{host.Name} to be one of the pool's hosts", cancellationToken);
            }
        }

        if (site.Hosts.Count == 2)
        {
            await story.DoAsync("Two hosts: a witness has the third vote", async () =>
            {
                await site.AddWitnessAsync(cancellationToken);
                await UntilAsync(
                    async token => (await site.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
                        "pool.get_witnesses", token)).Any(w => w["votes"] == "true"),
                    "the witness to have its vote", cancellationToken);
            });
        }

        story.Say($"One pool of {site.Hosts.Count} hosts: {string.Join(", ", site.Hosts.Select(h => h.Name))}. "
            + $"{site.Coordinator.Name} coordinates.");
    }

    /// <summary>Waits until every host is up and reaches every SR.</summary>
    public Task WholeAsync(CancellationToken cancellationToken) => UntilAsync(
        async token => (await site.Api.GetAllRecordsAsync<HostMetricsRecord>(token)).Values.All(m => m.Live)
            && (await site.Api.GetAllRecordsAsync<PbdRecord>(token)).Values.All(p => p.CurrentlyAttached),
        $"every host of {site.Name} to be up, with its storage", cancellationToken);

    /// <summary>Waits until each host that has come back has found that none of its guests runs any more.</summary>
    public Task HaltedAsync(CancellationToken cancellationToken) => UntilAsync(
        async token => (await site.Api.GetAllRecordsAsync<VmRecord>(token)).Values
            .All(v => v.IsControlDomain || v.PowerState == VmPowerState.Halted),
        $"the hosts of {site.Name} to find that no guest runs", cancellationToken);

    /// <summary>Says which VM runs where.</summary>
    public async Task SayWhereAsync(CancellationToken cancellationToken)
    {
        var hosts = await site.Api.GetAllRecordsAsync<HostRecord>(cancellationToken);
        var there = (await site.Api.GetAllRecordsAsync<VmRecord>(cancellationToken)).Values
            .Where(v => v is { PowerState: VmPowerState.Running, IsControlDomain: false })
            .ToLookup(v => hosts[v.ResidentOn].NameLabel, v => v.NameLabel);
        story.Say("Which VM runs where: " + string.Join(
            "; ", hosts.Values.Select(h => h.NameLabel).Order(StringComparer.Ordinal).Select(
                h => $"{h} {(there.Contains(h) ? string.Join(", ", there[h].Order(StringComparer.Ordinal)) : "none")}")));
    }

    /// <summary>
    /// Ends the daemon of the host that coordinates, while the guests count, and starts it again. Says how it went: whether nothing that
    /// was acknowledged is lost, and the guests went on.
    /// </summary>
    /// <param name="changed">The VM that is changed in the last moment.</param>
    /// <param name="guests">What all the guests have said of themselves.</param>
    /// <param name="countOn">Waits until each guest has counted on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> LoseCoordinatorAsync(
        DemoGuest changed, Func<IReadOnlyList<ConsoleReport>> guests, Func<Task> countOn, CancellationToken cancellationToken)
    {
        var before = guests();
        var lost = site.Coordinator;
        await site.Api.Vm.SetNameDescriptionAsync(
            await site.Api.Vm.GetByUuidAsync(changed.Uuid, cancellationToken), Acknowledged, cancellationToken);
        var watch = Stopwatch.StartNew();
        await lost.KillAsync();
        story.Say($"Changed \"{changed.Name}\"; it was acknowledged, and the daemon of {lost.Name} is killed");
        await site.FindCoordinatorAsync(cancellationToken);
        story.Say($"{site.Coordinator.Name} coordinates {watch.Elapsed.TotalSeconds:0.0} s after that");
        var found = await site.Api.Vm.GetNameDescriptionAsync(
            await site.Api.Vm.GetByUuidAsync(changed.Uuid, cancellationToken), cancellationToken);
        story.Say(found == Acknowledged ? $"\"{changed.Name}\" is as it was changed: \"{found}\"" : $"CHANGE LOST: \"{found}\"");
        await story.DoAsync("The copy of the metadata on the storage is kept up by it", () => UntilAsync(
            async token =>
            {
                var sr = (await site.Api.GetAllRecordsAsync<SrRecord>(token)).Single(s => s.Value.NameLabel == DemoPrimary.SrName).Key;
                var state = await site.CallAsync<ImmutableSortedDictionary<string, string>>(
                    "SR.get_database_replication_state", token, sr);
                return state.GetValueOrDefault("health") == "healthy";
            },
            "the copy of the metadata to be healthy", cancellationToken));
        await story.DoAsync("The guests have each counted on by 10, those on the lost host, too", countOn);
        var after = guests();
        var wentOn = before.Zip(after).All(g => g.First.ResumedFrom == g.Second.ResumedFrom && g.Second.LastCount > g.First.LastCount);
        story.Say(wentOn ? "None of them has booted anew" : "GUESTS BOOTED ANEW");
        await story.DoAsync($"The daemon of {lost.Name} runs again, as a member, and finds its guests", async () =>
        {
            await site.StartAgainAsync(lost, cancellationToken);
            await WholeAsync(cancellationToken);
        });
        await SayWhereAsync(cancellationToken);
        return found == Acknowledged && wentOn;
    }

    // All of them have the name of this machine.
    private async Task NameAsync(DemoHost host, CancellationToken cancellationToken)
    {
        var api = await site.FindApiAsync(host, cancellationToken)
            ?? throw new InvalidOperationException($"{host.Name} is a member of a pool already.");
        await using (api)
        {
            await api.Host.SetNameLabelAsync((await api.Host.GetAllAsync(cancellationToken))[0], host.Name, cancellationToken);
        }
    }

    private async Task<bool> FindUpAsync(string name, CancellationToken cancellationToken)
    {
        var host = (await site.Api.GetAllRecordsAsync<HostRecord>(cancellationToken)).Values.FirstOrDefault(h => h.NameLabel == name);
        return host is not null && (await site.Api.HostMetrics.GetRecordAsync(host.Metrics, cancellationToken)).Live;
    }

    private static async Task UntilAsync(Func<CancellationToken, Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        await DemoWait.UntilAsync(() => condition(limit.Token), what, limit.Token);
    }
}
