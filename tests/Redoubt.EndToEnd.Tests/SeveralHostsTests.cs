using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database.Journal;
using Redoubt.Server.Membership;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Three daemons, each with a directory and an etcd of its own, that become one pool.</summary>
public sealed class SeveralHostsTests : IDisposable
{
    private const string Password = "a password for root";
    private const string NewPassword = "another password for root";

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pool_of_three_loses_its_coordinator_and_no_acknowledged_change()
    {
        await File.WriteAllTextAsync(PasswordFile, Password, Stop);
        var runs = new List<ServeRun>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                runs.Add(await StartAsync($"h{i}"));
                Assert.True(runs[i].Url is not null, runs[i].Error);
            }

            var first = await PoolDirectory.LogInAsync(runs[0], Password);
            await using var one = first;
            var sr = await ProtectAsync(first);
            var desk = await KeptDesk.MakeLostPoolAsync(_root, runs[2], Password);
            for (var i = 1; i < 3; i++)
            {
                await using var joining = await PoolDirectory.LogInAsync(runs[i], Password);
                await joining.CallAsync("pool.join", [runs[0].Url!.Authority, "root", Password], Stop);
                await UntilMemberAsync(runs[i], runs[0].Url!.Authority);
            }

            Assert.Equal(3, (await first.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop)).Count);
            var vm = await first.CallAsync<Ref<VmRecord>>("VM.create", [NewVm("before")], Stop);
            for (var i = 0; i < 3; i++)
            {
                var directory = $"h{i}";
                await Patience.UntilAsync(() => NamesIn(directory).Contains("before"), $"{directory} has the VM in its own journal");
            }

            await first.CallAsync("VM.set_name_label", [vm, "acknowledged"], Stop);
            await desk.FillAsync(first);

            var pools = (await first.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Uuid;
            var removed = await SayAsync(first, pools, "to be removed");
            await SayAsync(first, pools, "to be read");
            await first.CallAsync("message.destroy", [removed], Stop);

            // Of what is answered in the very last moment nothing is lost, either.
            await first.CallAsync("session.change_password", [Password, NewPassword], Stop);
            runs[0].Process.Kill();
            await runs[0].Process.WaitForExitAsync(Stop);
            var began = Stopwatch.GetTimestamp();
            var next = await CoordinatorAsync(runs[1], runs[2]);
            TestContext.Current.TestOutputHelper?.WriteLine($"Another took over within {Stopwatch.GetElapsedTime(began)}.");
            await using var second = await PoolDirectory.LogInAsync(next, NewPassword);
            Assert.Equal("acknowledged", await second.CallAsync<string>("VM.get_name_label", [vm], Stop));
            await second.CallAsync("VM.set_name_label", [vm, "after"], Stop);
            await desk.RequireAllAsync(second, next);
            var told = (await second.GetAllRecordsAsync<MessageRecord>(Stop)).Values.Where(m => m.Name == "TOLD").Select(m => m.Body);
            Assert.Equal(["to be read"], told);
            Assert.Single(AuditIn(next == runs[1] ? "h1" : "h2"), l => l.Contains("session.change_password", StringComparison.Ordinal));
            await Patience.UntilAsync(
                async () => await HealthAsync(second, sr) == "healthy", "the copy on the shared SR is kept up by the new coordinator");

            await UntilLiveAsync(second, [false, true, true], "the host that is lost is shown as lost");
            var back = await StartAsync("h0");
            runs.Add(back);
            await UntilMemberAsync(back, next.Url!.Authority);
            await UntilLiveAsync(second, [true, true, true], "and as up when it is back");

            // Whoever has heard the order to follow that coordinator can say it again.
            var pool = (await second.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Uuid;
            var coordinators = Path.Combine(_root, next == runs[1] ? "h1" : "h2");
            Assert.True(await Readmission.TellAsync(coordinators, pool, back.Url!.Authority, next.Url!.Authority, Stop));
            Assert.Single(Directory.GetDirectories(Path.Combine(_root, "h0"), "members*"));
            await desk.UntilHereAsync(second, Path.Combine(_root, "h0"));
            for (var i = 0; i < 3; i++)
            {
                var directory = $"h{i}";
                await Patience.UntilAsync(() => NamesIn(directory).Contains("after"), $"{directory} has what was changed afterwards");
            }

            await Patience.UntilAsync(
                () => AuditIn("h0").SequenceEqual(AuditIn(next == runs[1] ? "h1" : "h2")), "it has what was done without it");
            back.Process.Kill();
            await UntilLiveAsync(second, [false, true, true], "a member that is lost is shown as lost, too");
            var metrics = await second.GetAllRecordsAsync<HostMetricsRecord>(Stop);
            var hosts = await second.GetAllRecordsAsync<HostRecord>(Stop);
            await second.CallAsync("host.destroy", [hosts.Single(h => !metrics[h.Value.Metrics].Live).Key], Stop);
            Assert.Equal(2, (await second.GetAllRecordsAsync<HostRecord>(Stop)).Count);
            await second.CallAsync("VM.set_name_label", [vm, "of two"], Stop);
        }
        finally
        {
            foreach (var run in runs)
            {
                await run.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Of_two_hosts_one_goes_on_alone_when_the_other_is_lost_for_good()
    {
        await File.WriteAllTextAsync(PasswordFile, $"root\n{Password}\n", Stop);
        await using var a = await StartAsync("a");
        await using var b = await StartAsync("b");
        Assert.True(a.Url is not null && b.Url is not null, a.Error + b.Error);
        string vm;
        await using (var api = await PoolDirectory.LogInAsync(b, Password))
        {
            await api.CallAsync("pool.join", [a.Url!.Authority, "root", Password], Stop);
            await UntilMemberAsync(b, a.Url!.Authority, Password);
        }

        await using (var api = await PoolDirectory.LogInAsync(a, Password))
        {
            await UntilLiveAsync(api, [true, true], "the host that has joined is shown as up");
            vm = (await api.CallAsync<Ref<VmRecord>>("VM.create", [NewVm("before")], Stop)).Opaque;
        }

        // Either side is enough to ask: a member sends the command on to the coordinator.
        var lost = await UuidOfOtherAsync(a);
        await Shell.RunAsync(b, Password, "pool-designate-new-master", $"host-uuid={lost}");
        await UntilMemberAsync(a, b.Url!.Authority, Password);
        await using (var api = await PoolDirectory.LogInAsync(b, Password))
        {
            await api.CallAsync("VM.set_name_label", [vm, "by the second"], Stop);
        }

        var early = await Shell.TryAsync(a, Password, "pool-emergency-transition-to-master", $"dead-hosts={lost}");
        Assert.NotEqual(0, early.ExitCode);
        Assert.Contains("The majority of the pool's hosts is there", early.Error, StringComparison.Ordinal);

        b.Process.Kill();
        await b.Process.WaitForExitAsync(Stop);
        await Patience.UntilAsync(
            async () => await LoginAnswer.OfAsync(a.Url!, Password) is { Code: "HOST_STILL_BOOTING" },
            "nobody answers for the pool any more");
        var unnamed = await Shell.TryAsync(a, Password, "pool-emergency-transition-to-master");
        Assert.NotEqual(0, unnamed.ExitCode);
        Assert.Contains("can't be reached", unnamed.Error, StringComparison.Ordinal);
        await Shell.RunAsync(a, Password, "pool-emergency-transition-to-master", $"dead-hosts={lost}");
        await Patience.UntilAsync(async () => await LoginAnswer.OfAsync(a.Url!, Password) is { Code: "" }, "the survivor answers");
        await using (var api = await PoolDirectory.LogInAsync(a, Password))
        {
            Assert.Equal("by the second", await api.CallAsync<string>("VM.get_name_label", [vm], Stop));
            await api.CallAsync("VM.set_name_label", [vm, "alone"], Stop);
            await UntilLiveAsync(api, [false, true], "the host that is dead is shown so");
            var said = await api.GetAllRecordsAsync<MessageRecord>(Stop);
            Assert.Contains(said.Values, m => m.Name == "HOST_DECLARED_DEAD" && m.ObjUuid == lost);
        }

        // The one that was lost comes back, finds itself alone, and is fetched by the host that went on.
        var back = await StartAsync("b", "--listen", b.Url!.GetLeftPart(UriPartial.Authority));
        await using (back)
        {
            await Patience.UntilAsync(
                async () => await LoginAnswer.OfAsync(back.Url!, Password) is { Code: "HOST_STILL_BOOTING" },
                "the host that was lost is nobody's");
            await Shell.RunAsync(a, Password, "pool-recover-slaves");
            await UntilMemberAsync(back, a.Url!.Authority, Password);

            // One that has a coordinator can be sent to it, too.
            await Shell.RunAsync(back, Password, "pool-emergency-reset-master", $"master-address={a.Url!.Authority}");
            await UntilMemberAsync(back, a.Url!.Authority, Password);
            await using var api = await PoolDirectory.LogInAsync(a, Password);
            await api.CallAsync("VM.set_name_label", [vm, "together"], Stop);
            await Patience.UntilAsync(() => NamesIn("b").Contains("together"), "it has what was changed without it and with it");
            await UntilLiveAsync(api, [true, true], "it is one of the pool again");
            Assert.Equal(2, (await api.GetAllRecordsAsync<HostRecord>(Stop)).Count);
            await Shell.RunAsync(a, Password, "pool-eject", $"host-uuid={lost}");
        }

        // It is an ordinary pool of one host again, and another can join it.
        await using var c = await StartAsync("c");
        await using (var api = await PoolDirectory.LogInAsync(c, Password))
        {
            await api.CallAsync("pool.join", [a.Url!.Authority, "root", Password], Stop);
            await UntilMemberAsync(c, a.Url!.Authority, Password);
        }

        await Patience.UntilAsync(() => NamesIn("c").Contains("together"), "the host that has joined has what was changed");
        await using (var api = await PoolDirectory.LogInAsync(a, Password))
        {
            await UntilLiveAsync(api, [true, true], "the pool has two hosts again");
        }
    }

    private static Task<Ref<MessageRecord>> SayAsync(XenApiClient api, string pool, string body) =>
        api.CallAsync<Ref<MessageRecord>>("message.create", ["TOLD", 5L, Cls.Pool, pool, body], Stop);

    private string[] AuditIn(string directory)
    {
        using var file = new FileStream(
            Path.Combine(_root, directory, KeptName.Audit), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<string> UuidOfOtherAsync(ServeRun coordinator)
    {
        await using var api = await PoolDirectory.LogInAsync(coordinator, Password);
        var master = (await api.GetAllRecordsAsync<PoolRecord>(Stop)).Values.Single().Master;
        return (await api.GetAllRecordsAsync<HostRecord>(Stop)).Single(h => h.Key != master).Value.Uuid;
    }

    private static Task UntilLiveAsync(XenApiClient api, bool[] expected, string what) => Patience.UntilAsync(
        async () => (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.Select(m => m.Live).Order().SequenceEqual(expected),
        what);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string PasswordFile => Path.Combine(_root, "password");

    private Task<ServeRun> StartAsync(string name, params string[] options) => ServeRun.StartAsync(
        Path.Combine(_root, name),
        ["--root-password-file", PasswordFile, "--name-label", name, "--member-port", "0", .. options]);

    /// <summary>A shared SR with a copy of the metadata.</summary>
    private async Task<Ref<SrRecord>> ProtectAsync(XenApiClient api)
    {
        var location = Directory.CreateDirectory(Path.Combine(_root, "storage")).FullName;
        var host = (await api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
        var config = ImmutableSortedDictionary<string, string>.Empty;
        var sr = await api.CallAsync<Ref<SrRecord>>(
            "SR.create", [host, config.Add("location", location), 0L, "shared", "", "file", "", true, config], Stop);
        await api.CallAsync("SR.enable_database_replication", [sr], Stop);
        return sr;
    }

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

    private List<string> NamesIn(string name) =>
        JournalReader.Read(Path.Combine(_root, name, KeptName.Journal)) is JournalVerdict.Intact intact
            ? [.. intact.Content.Database.FindTable("VM")!.Rows.Select(r => r.Columns["name__label"])]
            : [];

    private static Task UntilMemberAsync(ServeRun run, string coordinator, string password = NewPassword) => Patience.UntilAsync(
        async () => await LoginAnswer.OfAsync(run.Url!, password) is { Code: "HOST_IS_SLAVE" } refused
            && refused.Parameters[0] == coordinator,
        $"{run.Url} is a member of {coordinator}'s pool");

    private static async Task<ServeRun> CoordinatorAsync(params ServeRun[] runs)
    {
        ServeRun? found = null;
        await Patience.UntilAsync(
            async () =>
            {
                foreach (var run in runs)
                {
                    if (await LoginAnswer.OfAsync(run.Url!, NewPassword) is { Code: "" })
                    {
                        found = run;
                    }
                }

                return found is not null;
            },
            "another host coordinates");
        return found!;
    }
}
