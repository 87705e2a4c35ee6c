using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Redoubt.Database.Journal;
using Redoubt.Server.Membership;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Three daemons, each with a directory and an etcd of its own, that become one pool.</summary>
public sealed class SeveralHostsTests : IAsyncDisposable
{
    private static readonly string[] Hosts = ["h0", "h1", "h2"];

    private readonly PoolOfHosts _hosts = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pool_of_three_loses_its_coordinator_and_no_acknowledged_change()
    {
        foreach (var host in Hosts)
        {
            await _hosts.StartAsync(host, ServeRun.TestDriver);
        }

        await using var first = await _hosts.LogInAsync("h0");
        var sr = await _hosts.CreateSrAsync(first, "shared");
        await first.CallAsync("SR.enable_database_replication", [sr], Stop);
        var desk = await KeptDesk.MakeLostPoolAsync(_hosts.Root, _hosts["h2"], _hosts.Password);
        await _hosts.JoinAsync("h1", "h0");
        await _hosts.JoinAsync("h2", "h0");
        Assert.Equal(3, (await first.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop)).Count);
        var vm = await first.CallAsync<Ref<VmRecord>>("VM.create", [NewVm("before")], Stop);
        foreach (var host in Hosts)
        {
            await Patience.UntilAsync(() => NamesIn(host).Contains("before"), $"{host} has the VM in its own journal");
        }

        await first.CallAsync("VM.set_name_label", [vm, "acknowledged"], Stop);
        await desk.FillAsync(first);

        var pools = (await first.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Uuid;
        var removed = await SayAsync(first, pools, "to be removed");
        await SayAsync(first, pools, "to be read");
        await first.CallAsync("message.destroy", [removed], Stop);

        // Of what is answered in the very last moment nothing is lost, either.
        const string NewPassword = "another password for root";
        await first.CallAsync("session.change_password", [_hosts.Password, NewPassword], Stop);
        await _hosts.KillAsync("h0");
        _hosts.Password = NewPassword;
        var began = Stopwatch.GetTimestamp();
        var next = await _hosts.UntilCoordinatorAsync("h1", "h2");
        TestContext.Current.TestOutputHelper?.WriteLine($"Another took over within {Stopwatch.GetElapsedTime(began)}.");
        await using var second = await _hosts.LogInAsync(next);
        Assert.Equal("acknowledged", await second.CallAsync<string>("VM.get_name_label", [vm], Stop));
        await second.CallAsync("VM.set_name_label", [vm, "after"], Stop);
        await desk.RequireAllAsync(second, _hosts[next]);
        var told = (await second.GetAllRecordsAsync<MessageRecord>(Stop)).Values.Where(m => m.Name == "TOLD").Select(m => m.Body);
        Assert.Equal(["to be read"], told);
        Assert.Single(AuditIn(next), l => l.Contains("session.change_password", StringComparison.Ordinal));
        await Patience.UntilAsync(
            async () => await HealthAsync(second, sr) == "healthy", "the copy on the shared SR is kept up by the new coordinator");

        await UntilLiveAsync(second, [false, true, true], "the host that is lost is shown as lost");
        await _hosts.StartAgainAsync("h0", isElsewhere: true);
        await _hosts.UntilMemberAsync("h0", next);
        await RequireApiNamesAsync("h0", next);
        await UntilLiveAsync(second, [true, true, true], "and as up when it is back");

        // Whoever has heard the order to follow that coordinator can say it again.
        var pool = (await second.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Uuid;
        Assert.True(await Readmission.TellAsync(
            _hosts.PathOf(next), pool, _hosts["h0"].Url!.Authority, _hosts[next].Url!.Authority, Stop));
        Assert.Single(Directory.GetDirectories(_hosts.PathOf("h0"), "members*"));
        await desk.UntilHereAsync(second, _hosts.PathOf("h0"));
        foreach (var host in Hosts)
        {
            await Patience.UntilAsync(() => NamesIn(host).Contains("after"), $"{host} has what was changed afterwards");
        }

        await Patience.UntilAsync(() => AuditIn("h0").SequenceEqual(AuditIn(next)), "it has what was done without it");
        await _hosts.KillAsync("h0");
        await UntilLiveAsync(second, [false, true, true], "a member that is lost is shown as lost, too");
        var metrics = await second.GetAllRecordsAsync<HostMetricsRecord>(Stop);
        var hosts = await second.GetAllRecordsAsync<HostRecord>(Stop);
        await second.CallAsync("host.destroy", [hosts.Single(h => !metrics[h.Value.Metrics].Live).Key], Stop);
        Assert.Equal(2, (await second.GetAllRecordsAsync<HostRecord>(Stop)).Count);
        await second.CallAsync("VM.set_name_label", [vm, "of two"], Stop);
    }

    [Fact]
    public async Task Of_two_hosts_one_goes_on_alone_when_the_other_is_lost_for_good()
    {
        await _hosts.StartAsync("a", ServeRun.TestDriver);
        await _hosts.StartAsync("b", ServeRun.TestDriver);
        await _hosts.JoinAsync("b", "a");
        var (a, password) = (_hosts["a"], _hosts.Password);
        string vm;
        await using (var api = await _hosts.LogInAsync("a"))
        {
            await UntilLiveAsync(api, [true, true], "the host that has joined is shown as up");
            vm = (await api.CallAsync<Ref<VmRecord>>("VM.create", [NewVm("before")], Stop)).Opaque;
        }

        // Either side is enough to ask: a member sends the command on to the coordinator.
        var lost = await UuidOfOtherAsync("a");
        await Shell.RunAsync(_hosts["b"], password, "pool-designate-new-master", $"host-uuid={lost}");
        await _hosts.UntilMemberAsync("a", "b");
        await using (var api = await _hosts.LogInAsync("b"))
        {
            await api.CallAsync("VM.set_name_label", [vm, "by the second"], Stop);
        }

        var early = await Shell.TryAsync(a, password, "pool-emergency-transition-to-master", $"dead-hosts={lost}");
        Assert.NotEqual(0, early.ExitCode);
        Assert.Contains("The majority of the pool's hosts is there", early.Error, StringComparison.Ordinal);

        await _hosts.KillAsync("b");
        await _hosts.UntilLoginAsync("a", "HOST_STILL_BOOTING", "nobody answers for the pool any more");
        var unnamed = await Shell.TryAsync(a, password, "pool-emergency-transition-to-master");
        Assert.NotEqual(0, unnamed.ExitCode);
        Assert.Contains("can't be reached", unnamed.Error, StringComparison.Ordinal);
        await Shell.RunAsync(a, password, "pool-emergency-transition-to-master", $"dead-hosts={lost}");
        await _hosts.UntilLoginAsync("a", "", "the survivor answers");
        await using (var api = await _hosts.LogInAsync("a"))
        {
            Assert.Equal("by the second", await api.CallAsync<string>("VM.get_name_label", [vm], Stop));
            await api.CallAsync("VM.set_name_label", [vm, "alone"], Stop);
            await UntilLiveAsync(api, [false, true], "the host that is dead is shown so");
            var said = await api.GetAllRecordsAsync<MessageRecord>(Stop);
            Assert.Contains(said.Values, m => m.Name == "HOST_DECLARED_DEAD" && m.ObjUuid == lost);
        }

        // The one that was lost comes back, finds itself alone, and is fetched by the host that went on.
        await _hosts.StartAgainAsync("b");
        await _hosts.UntilLoginAsync("b", "HOST_STILL_BOOTING", "the host that was lost is nobody's");
        await using (var api = await _hosts.LogInAsync("a"))
        {
            await Shell.RunAsync(a, password, "pool-recover-slaves");
            await _hosts.UntilMemberAsync("b", "a");

            // One that has a coordinator can be sent to it, too.
            await Shell.RunAsync(_hosts["b"], password, "pool-emergency-reset-master", $"master-address={a.Url!.Authority}");
            await _hosts.UntilMemberAsync("b", "a");
            await api.CallAsync("VM.set_name_label", [vm, "together"], Stop);
            await Patience.UntilAsync(() => NamesIn("b").Contains("together"), "it has what was changed without it and with it");
            await UntilLiveAsync(api, [true, true], "it is one of the pool again");
            Assert.Equal(2, (await api.GetAllRecordsAsync<HostRecord>(Stop)).Count);
            await Shell.RunAsync(a, password, "pool-eject", $"host-uuid={lost}");
        }

        await _hosts.KillAsync("b");

        // It is an ordinary pool of one host again, and another can join it.
        await _hosts.StartAsync("c", ServeRun.TestDriver);
        await _hosts.JoinAsync("c", "a");
        await Patience.UntilAsync(() => NamesIn("c").Contains("together"), "the host that has joined has what was changed");
        await using (var api = await _hosts.LogInAsync("a"))
        {
            await UntilLiveAsync(api, [true, true], "the pool has two hosts again");
        }
    }

    private static Task<Ref<MessageRecord>> SayAsync(XenApiClient api, string pool, string body) =>
        api.CallAsync<Ref<MessageRecord>>("message.create", ["TOLD", 5L, Cls.Pool, pool, body], Stop);

    private string[] AuditIn(string host)
    {
        using var file = new FileStream(
            Path.Combine(_hosts.PathOf(host), KeptName.Audit), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task<string> UuidOfOtherAsync(string coordinator)
    {
        await using var api = await _hosts.LogInAsync(coordinator);
        var master = (await api.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Master;
        return (await api.GetAllRecordsAsync<HostRecord>(Stop)).Single(h => h.Key != master).Value.Uuid;
    }

    /// <summary>Calls as plain HTTP are told where the coordinator is, too.</summary>
    private async Task RequireApiNamesAsync(string host, string coordinator)
    {
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
        };
        using var http = new HttpClient(handler);
        using var answer = await http.GetAsync(new Uri(_hosts[host].Url!, "/api/recovery/get_runs"), Stop);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
        var failure = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement;
        Assert.Equal("HOST_IS_SLAVE", failure.GetProperty("code").GetString());
        Assert.Equal(_hosts[coordinator].Url!.Authority, failure.GetProperty("parameters")[0].GetString());
    }

    private static Task UntilLiveAsync(XenApiClient api, bool[] expected, string what) => Patience.UntilAsync(
        async () => (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.Select(m => m.Live).Order().SequenceEqual(expected),
        what);

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    private static async Task<string> HealthAsync(XenApiClient api, Ref<SrRecord> sr) =>
        (await api.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", [sr], Stop))["health"];

    internal static VmRecord NewVm(string name) => new()
    {
        NameLabel = name,
        VcpusMax = 1,
        VcpusAtStartup = 1,
        MemoryStaticMin = 1 << 26,
        MemoryDynamicMin = 1 << 27,
        MemoryDynamicMax = 1 << 27,
        MemoryStaticMax = 1 << 27,
    };

    private List<string> NamesIn(string host) =>
        JournalReader.Read(Path.Combine(_hosts.PathOf(host), KeptName.Journal)) is JournalVerdict.Intact intact
            ? [.. intact.Content.Database.FindTable("VM")!.Rows.Select(r => r.Columns["name__label"])]
            : [];
}
