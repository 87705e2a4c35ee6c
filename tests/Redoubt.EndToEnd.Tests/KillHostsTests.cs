using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A pool of three real daemons, of which one after the other is killed, or its etcd is, or it stands still until another has taken over,
/// at moments that are drawn, while clients change things by all three. What was answered is there in the end; what any host ever had is a
/// beginning of one and the same history.
/// </summary>
public sealed class KillHostsTests : IDisposable
{
    private const string Password = "a password for root";

    private static readonly string[] Names = ["h0", "h1", "h2"];

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;
    private readonly Dictionary<string, ServeRun> _runs = [];
    private readonly Dictionary<string, string> _listen = [];
    private readonly ConcurrentDictionary<string, byte> _acknowledged = [];
    private readonly List<(string Where, long Generation, ImmutableHashSet<string> Keys)> _copies = [];
    private string _vm = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private enum Fault
    {
        KillCoordinator,
        KillMember,
        KillEtcdOfCoordinator,
        KillEtcdOfMember,
        StopCoordinator,
    }

    [Fact]
    public async Task No_answered_change_is_lost_and_there_is_one_history_whichever_host_is_lost()
    {
        var random = new Random(Sampling.Seed);
        var faults = Enumerable.Range(0, Sampling.IsWhole ? 200 : 12).Select(_ => Enum.GetValues<Fault>()[random.Next(5)]).ToList();
        var where = "";
        try
        {
            await StartPoolAsync();
            using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var writers = Names.Select(n => WriteAsync(n, over.Token)).ToList();
            foreach (var (number, fault) in faults.Index())
            {
                where = $"fault {number}, {fault} (seed {Sampling.Seed})";
                await AcknowledgedAsync(random.Next(1, 12));
                await DoAsync(fault, random.Next(2), where);
                await AcknowledgedAsync(1);
            }

            await over.CancelAsync();
            await Task.WhenAll(writers);
            foreach (var name in Names)
            {
                await Patience.UntilAsync(
                    () => KeysIn(name) is var (_, keys) && keys.IsSupersetOf(_acknowledged.Keys),
                    $"{name} has all that was answered, after {where}");
                Note(name, "in the end");
            }
        }
        finally
        {
            foreach (var run in _runs.Values)
            {
                await Bench.SignalAsync(run.Process, "CONT");
                await run.DisposeAsync();
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{faults.Count} faults, {_acknowledged.Count} changes answered.");
        Assert.True(_acknowledged.Count > faults.Count);
        foreach (var (before, after) in _copies.OrderBy(c => c.Generation).Zip(_copies.OrderBy(c => c.Generation).Skip(1)))
        {
            Assert.True(
                before.Generation < after.Generation ? before.Keys.IsSubsetOf(after.Keys) : before.Keys.SetEquals(after.Keys),
                $"What was at {before.Where} is no beginning of what was at {after.Where} (seed {Sampling.Seed}).");
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private async Task StartPoolAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), $"root\n{Password}\n", Stop);
        await Task.WhenAll(Names.Select(n => StartAsync(n)));
        foreach (var name in Names.Skip(1))
        {
            await using var joining = await PoolDirectory.LogInAsync(_runs[name], Password);
            await joining.CallAsync("pool.join", [_runs["h0"].Url!.Authority, "root", Password], Stop);
            await Patience.UntilAsync(async () => await LoginAsync(name) == "HOST_IS_SLAVE", $"{name} is a member");
        }

        await using var api = await PoolDirectory.LogInAsync(_runs["h0"], Password);
        _vm = (await api.CallAsync<Ref<VmRecord>>("VM.create", [SeveralHostsTests.NewVm("counted")], Stop)).Opaque;
        await Patience.UntilAsync(
            async () => (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.All(m => m.Live), "all three hosts are there");
        await Patience.UntilAsync(() => Names.All(n => KeysIn(n) is not null), "each has the VM in its journal");
    }

    private async Task StartAsync(string name)
    {
        string[] listen = _listen.TryGetValue(name, out var url) ? ["--listen", url] : [];
        var run = await ServeRun.StartAsync(
            Path.Combine(_root, name),
            ["--root-password-file", Path.Combine(_root, "password"), "--name-label", name, "--member-port", "0", .. listen]);
        Assert.True(run.Url is not null, run.Error);
        lock (_runs)
        {
            (_runs[name], _listen[name]) = (run, run.Url.GetLeftPart(UriPartial.Authority));
        }
    }

    /// <summary>Makes a change after the other at one host, as long as it answers for the pool.</summary>
    private async Task WriteAsync(string name, CancellationToken over)
    {
        var next = 0;
        while (!over.IsCancellationRequested)
        {
            try
            {
                await using var api = new XenApiClient(new Uri(_listen[name]), _ => true);
                await api.LoginAsync("root", Password, over);
                while (!over.IsCancellationRequested)
                {
                    var key = $"{name}-{next++}";
                    await api.CallAsync("VM.add_to_other_config", [_vm, key, "x"], over);
                    _acknowledged[key] = 0;
                    await Task.Delay(TimeSpan.FromMilliseconds(100), over);
                }
            }
            catch (Exception e) when (e is XenApiException or XenApiTransportException or OperationCanceledException)
            {
                // Another host answers for the pool, or nobody does: what was not answered may have been done or not.
                await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(200), over));
            }
        }
    }

    private async Task AcknowledgedAsync(int more)
    {
        var wanted = _acknowledged.Count + more;
        await Patience.UntilAsync(() => _acknowledged.Count >= wanted, "changes are answered");
    }

    private async Task DoAsync(Fault fault, int which, string where)
    {
        string? coordinator = null;
        await Patience.UntilAsync(
            async () => (coordinator = await CoordinatorAsync()) is not null, $"there is a coordinator before {where}");
        var member = Names.Where(n => n != coordinator).ElementAt(which);
        switch (fault)
        {
            case Fault.KillCoordinator:
                await KillAsync(coordinator!, where);
                break;
            case Fault.KillMember:
                await KillAsync(member, where);
                break;
            case Fault.KillEtcdOfCoordinator:
                await KillEtcdAsync(coordinator!);
                break;
            case Fault.KillEtcdOfMember:
                await KillEtcdAsync(member);
                break;
            case Fault.StopCoordinator:
                await Bench.SignalAsync(_runs[coordinator!].Process, "STOP");
                try
                {
                    await Patience.UntilAsync(
                        async () => await CoordinatorAsync(coordinator) is not null, $"another host takes over after {where}");
                }
                finally
                {
                    await Bench.SignalAsync(_runs[coordinator!].Process, "CONT");
                }

                var stood = _runs[coordinator!];
                await Patience.UntilAsync(
                    async () => stood.Process.HasExited || await LoginAsync(coordinator!) == "HOST_IS_SLAVE",
                    $"the one that stood still is a member after {where}");
                Assert.False(stood.Process.HasExited, stood.Error);
                break;
        }
    }

    private async Task KillAsync(string name, string where)
    {
        _runs[name].Process.Kill();
        await _runs[name].Process.WaitForExitAsync(Stop);
        Note(name, where);
        await AcknowledgedAsync(1);
        await _runs[name].DisposeAsync();
        await StartAsync(name);
        await Patience.UntilAsync(
            async () => await LoginAsync(name) is "HOST_IS_SLAVE" or "", $"{name} is of the pool again after {where}");
    }

    private async Task KillEtcdAsync(string name)
    {
        // The process, and not the shell that runs it, whose first words differ.
        var data = Path.Combine(_root, name, "members", "data");
        foreach (var etcd in Process.GetProcessesByName("etcd"))
        {
            using (etcd)
            {
                try
                {
                    if (!(await File.ReadAllTextAsync($"/proc/{etcd.Id}/cmdline", Stop)).Contains(data, StringComparison.Ordinal))
                    {
                        continue;
                    }
                }
                catch (IOException)
                {
                    continue; // One that has just ended.
                }

                etcd.Kill();
                await etcd.WaitForExitAsync(Stop);
            }
        }
    }

    private async Task<string?> CoordinatorAsync(string? except = null)
    {
        foreach (var name in Names.Where(n => n != except))
        {
            if (await LoginAsync(name) == "")
            {
                return name;
            }
        }

        return null;
    }

    private async Task<string?> LoginAsync(string name) => (await LoginAnswer.OfAsync(new Uri(_listen[name]), Password))?.Code;

    private void Note(string name, string where)
    {
        if (KeysIn(name) is var (generation, keys))
        {
            lock (_copies)
            {
                _copies.Add(($"{name}, {where}", generation, keys));
            }
        }
    }

    /// <summary>What the journal of a host has; null before it has the VM.</summary>
    private (long Generation, ImmutableHashSet<string> Keys)? KeysIn(string name)
    {
        var dump = JournalReader.Read(Path.Combine(_root, name, KeptName.Journal)) switch
        {
            JournalVerdict.Intact intact => intact.Content.Database,
            JournalVerdict.CutAt cut => cut.Content.Database,
            _ => null,
        };
        var row = dump?.FindTable("VM")?.Rows.FirstOrDefault(r => r.Columns["name__label"] == "counted");
        return row is null ? null : (dump!.Manifest.Generation, Keys(row));
    }

    private static ImmutableHashSet<string> Keys(DumpRow row) =>
        [.. row.Columns["other_config"].Split('\'').Where(w => w.StartsWith('h') && w.Contains('-', StringComparison.Ordinal))];
}
