using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database.Journal;
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

            await first.CallAsync("session.change_password", [Password, NewPassword], Stop);
            for (var i = 1; i < 3; i++)
            {
                var directory = $"h{i}";
                await Patience.UntilAsync(() => PasswordIn(directory).SequenceEqual(PasswordIn("h0")), $"{directory} has the new password");
            }

            await first.CallAsync("VM.set_name_label", [vm, "acknowledged"], Stop);
            runs[0].Process.Kill();
            await runs[0].Process.WaitForExitAsync(Stop);
            var began = Stopwatch.GetTimestamp();
            var next = await CoordinatorAsync(runs[1], runs[2]);
            TestContext.Current.TestOutputHelper?.WriteLine($"Another took over within {Stopwatch.GetElapsedTime(began)}.");
            await using var second = await PoolDirectory.LogInAsync(next, NewPassword);
            Assert.Equal("acknowledged", await second.CallAsync<string>("VM.get_name_label", [vm], Stop));
            await second.CallAsync("VM.set_name_label", [vm, "after"], Stop);
            await Patience.UntilAsync(
                async () => await HealthAsync(second, sr) == "healthy", "the copy on the shared SR is kept up by the new coordinator");

            var back = await StartAsync("h0");
            runs.Add(back);
            await UntilMemberAsync(back, next.Url!.Authority);
            for (var i = 0; i < 3; i++)
            {
                var directory = $"h{i}";
                await Patience.UntilAsync(() => NamesIn(directory).Contains("after"), $"{directory} has what was changed afterwards");
            }
        }
        finally
        {
            foreach (var run in runs)
            {
                await run.DisposeAsync();
            }
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string PasswordFile => Path.Combine(_root, "password");

    private Task<ServeRun> StartAsync(string name) => ServeRun.StartAsync(
        Path.Combine(_root, name), "--root-password-file", PasswordFile, "--name-label", name, "--member-port", "0");

    private byte[] PasswordIn(string name) => File.ReadAllBytes(Path.Combine(_root, name, "root-password.json"));

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

    private static VmRecord NewVm(string name) => new()
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

    private static Task UntilMemberAsync(ServeRun run, string coordinator) => Patience.UntilAsync(
        async () => await LoginAsync(run) is { Code: "HOST_IS_SLAVE" } refused && refused.Parameters[0] == coordinator,
        $"{run.Url} is a member of {coordinator}'s pool");

    private static async Task<ServeRun> CoordinatorAsync(params ServeRun[] runs)
    {
        ServeRun? found = null;
        await Patience.UntilAsync(
            async () =>
            {
                foreach (var run in runs)
                {
                    if (await LoginAsync(run) is { Code: "" })
                    {
                        found = run;
                    }
                }

                return found is not null;
            },
            "another host coordinates");
        return found!;
    }

    /// <summary>What a login says; an empty code if it was let in, null if nobody answered.</summary>
    private static async Task<(string Code, IReadOnlyList<string> Parameters)?> LoginAsync(ServeRun run)
    {
        try
        {
            await using var api = new XenApiClient(run.Url!, _ => true);
            await api.LoginAsync("root", NewPassword, Stop);
            return ("", []);
        }
        catch (XenApiException refused)
        {
            return (refused.Code, refused.Parameters);
        }
        catch (XenApiTransportException)
        {
            return null;
        }
    }
}
