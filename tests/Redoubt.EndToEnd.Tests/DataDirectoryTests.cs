using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A daemon, as a process, on a directory in which something is not as it was left.</summary>
public sealed class DataDirectoryTests
{
    // What a start goes over, each with the reason why nothing acknowledged is lost by that.
    private static readonly Dictionary<(string Name, string Damage), string> GoneOver = new()
    {
        [("lock", "empty")] = "it holds nothing",
        [("lock", "missing")] = "it holds nothing",
        [("lock", "half")] = "it holds nothing",
        [("lock", "one byte")] = "it holds nothing",
        [("lock", "garbled")] = "it holds nothing",
        [("audit.log", "empty")] = "nothing is read from it",
        [("audit.log", "missing")] = "it may have been archived, and that is said",
        [("audit.log", "half")] = "nothing is read from it",
        [("audit.log", "one byte")] = "nothing is read from it",
        [("audit.log", "garbled")] = "nothing is read from it",
        [("kept.json", "missing")] = "it only says which others must be there",
        [("messages.jsonl", "half")] = "a torn last line is what a crash leaves",
        [("sites.key", "garbled")] = "there is no site whose password it should open; where there is one, it is tried",
    };

    private static readonly Dictionary<string, Action<string>> Damages = new()
    {
        ["empty"] = path => File.WriteAllBytes(path, []),
        ["missing"] = File.Delete,
        ["half"] = path => Cut(path, length => length / 2),
        ["one byte"] = path => Cut(path, _ => 1),
        ["garbled"] = Garble,
        ["a directory"] = path =>
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        },
        ["a link that leads nowhere"] = path =>
        {
            File.Delete(path);
            File.CreateSymbolicLink(path, "/nowhere/at/all");
        },
        ["a link to a good copy"] = path =>
        {
            File.Move(path, path + "-elsewhere");
            File.CreateSymbolicLink(path, path + "-elsewhere");
        },
        ["a pipe"] = path =>
        {
            File.Delete(path);
            Assert.Equal(0, MakePipe(path, 0x180));
        },
        ["unreadable"] = path => File.SetUnixFileMode(path, UnixFileMode.None),
        ["somebody else's"] = path => Assert.Equal(0, ChangeOwner(path, 65534, 65534)),
    };

    private const int Sample = 2;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_has_become_of_a_file_of_the_daemons_it_says_so_in_one_sentence_and_changes_nothing()
    {
        using var pool = await PoolDirectory.MakeAsync();
        var names = new DirectoryInfo(pool.Data).EnumerateFiles().Select(f => f.Name).Order(StringComparer.Ordinal).ToList();

        // A new file joins by itself, and must be declared: only what is declared is missed when it has gone.
        Assert.Empty(names.Except([.. KeptName.All.Select(k => k.Name), "lock", "kept.json"]));
        Assert.Empty(KeptName.All.Select(k => k.Name).Except(names));
        var isRoot = Environment.IsPrivilegedProcess;
        var wrong = new List<string>();
        var damages = Damages.Where(d => d.Key != (isRoot ? "unreadable" : "somebody else's")).ToList();
        foreach (var (index, name) in names.Concat(["tls/server.crt", "tls/server.key"]).Index())
        {
            // A daemon for each takes minutes: two kinds of damage, others for each file, unless all of it is to be gone through.
            var drawn = Sampling.IsWhole
                ? damages
                : Enumerable.Range((index * Sample) + Sampling.Seed, Sample).Select(i => damages[i % damages.Count]);
            foreach (var (damage, act) in drawn)
            {
                var isOperators = name.StartsWith("tls/", StringComparison.Ordinal);
                if (isOperators && damage is "a link to a good copy" or "somebody else's")
                {
                    // An operator's own certificate may lie elsewhere, and be another user's.
                    continue;
                }

                var copy = pool.Copy("copy");
                try
                {
                    act(Path.Combine(copy, name));
                    wrong.AddRange((await JudgeAsync(copy, name, damage)).Select(w => $"{name}, {damage}: {w}"));
                }
                finally
                {
                    Directory.Delete(copy, recursive: true);
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task A_pool_whose_journal_is_gone_comes_back_from_the_copy_on_its_SR_and_never_as_an_empty_one()
    {
        using var pool = await PoolDirectory.MakeAsync();
        File.Delete(Path.Combine(pool.Data, KeptName.Journal));
        await using (var refused = await ServeRun.StartAsync(pool.Data))
        {
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains($"--restore-from {pool.Volume}", refused.Error, StringComparison.Ordinal);
            Assert.Matches("generation [0-9]+", refused.Error);
            Assert.Contains("--new-pool", refused.Error, StringComparison.Ordinal);
        }

        await using var run = await ServeRun.StartAsync(pool.Data, "--restore-from", pool.Volume);
        await using var api = await pool.LogInAsync(run);
        await RequireBackAsync(pool, api);
        await run.StopAsync();

        // Once: a pool that is there is not replaced by an older copy of it.
        await using var again = await ServeRun.StartAsync(pool.Data, "--restore-from", pool.Volume);
        Assert.Null(again.Url);
        Assert.Contains("holds the database of a pool", again.Error, StringComparison.Ordinal);
        await using var plain = await ServeRun.StartAsync(pool.Data);
        Assert.True(plain.Url is not null, plain.Error);
    }

    [Fact]
    public async Task A_pool_whose_whole_directory_is_gone_comes_back_from_the_directory_of_its_SRs()
    {
        using var pool = await PoolDirectory.MakeAsync();
        Directory.Delete(pool.Data, recursive: true);
        await using var run = await ServeRun.StartAsync(
            pool.Data, "--restore-from", pool.Storage, "--root-password-file", pool.PasswordFile);
        await using var api = await pool.LogInAsync(run);
        await RequireBackAsync(pool, api);
    }

    [Fact]
    public async Task A_new_pool_is_begun_beside_the_traces_of_another_only_when_that_is_said()
    {
        using var pool = await PoolDirectory.MakeAsync();
        File.Delete(Path.Combine(pool.Data, KeptName.Journal));
        await using var run = await ServeRun.StartAsync(pool.Data, "--new-pool");
        await using var api = await pool.LogInAsync(run);
        Assert.NotEqual(pool.Pool, await pool.PoolOfAsync(api));
    }

    [Fact]
    public async Task A_file_that_is_lost_is_gone_on_without_once_when_that_is_said_and_what_is_left_of_it_is_kept()
    {
        using var pool = await PoolDirectory.MakeAsync();
        var path = Path.Combine(pool.Data, KeptName.Runs);
        Garble(path);
        var garbled = await File.ReadAllBytesAsync(path, Stop);
        await using var run = await ServeRun.StartAsync(pool.Data, "--without", KeptName.Runs);
        Assert.True(run.Url is not null, run.Error);
        await run.StopAsync();
        Assert.Equal(garbled, await File.ReadAllBytesAsync(path + ".set-aside-1", Stop));
        await using var plain = await ServeRun.StartAsync(pool.Data);
        Assert.True(plain.Url is not null, plain.Error);
    }

    [Fact]
    public async Task Messages_are_there_after_a_restart_with_the_references_they_had()
    {
        using var pool = await PoolDirectory.MakeAsync();
        await using var run = await ServeRun.StartAsync(pool.Data);
        await using var api = await pool.LogInAsync(run);
        var before = await MessagesAsync(api);
        Assert.Contains(before.Values, m => m is { Name: "REMEMBERED", Body: "over restarts" });
        await Bench.SignalAsync(run.Process, "KILL");
        await run.Process.WaitForExitAsync(Stop);

        await using var next = await ServeRun.StartAsync(pool.Data);
        await using var again = await pool.LogInAsync(next);
        var after = await MessagesAsync(again);
        Assert.Equal(before, before.Where(m => after.TryGetValue(m.Key, out var kept) && kept == m.Value));
        await again.CallAsync("message.destroy_many", [after.Keys.ToList()], Stop);
        await Bench.SignalAsync(next.Process, "KILL");
        await next.Process.WaitForExitAsync(Stop);

        await using var last = await ServeRun.StartAsync(pool.Data);
        await using var empty = await pool.LogInAsync(last);
        Assert.Empty((await MessagesAsync(empty)).Keys.Intersect(after.Keys));
    }

    [Fact]
    public async Task What_was_open_to_others_is_closed_to_them_at_the_next_start()
    {
        using var pool = await PoolDirectory.MakeAsync();
        const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode Wide = Owners | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(pool.Data, Wide | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        new DirectoryInfo(pool.Data).GetFiles().ToList().ForEach(f => f.UnixFileMode = Wide);
        File.SetUnixFileMode(
            Path.GetDirectoryName(pool.Volume)!, Wide | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(pool.Volume, Wide);

        await using var run = await ServeRun.StartAsync(pool.Data);
        Assert.True(run.Url is not null, run.Error);
        Assert.Empty(OpenToOthers(pool.Data));
        Assert.Equal(0, (int)(File.GetUnixFileMode(pool.Volume) & (Wide ^ Owners)));
        Assert.Equal(0, (int)(File.GetUnixFileMode(Path.GetDirectoryName(pool.Volume)!) & (Wide ^ Owners)));
        Assert.Contains("pool.journal was open to others", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_somebody_else_could_put_another_in_the_place_of_is_refused()
    {
        var above = Directory.CreateTempSubdirectory("rd-").FullName;
        try
        {
            File.SetUnixFileMode(above, File.GetUnixFileMode(above) | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
            await using var run = await ServeRun.StartAsync(Path.Combine(above, "data"));
            Assert.Equal(1, run.ExitCode);
            Assert.Contains("writable by all", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(above, recursive: true);
        }
    }

    private static async Task<List<string>> JudgeAsync(string data, string name, string damage)
    {
        var wrong = new List<string>();
        var before = PoolDirectory.Look(data);
        await using var run = await ServeRun.StartAsync(data);
        if (GoneOver.ContainsKey((name, damage)))
        {
            if (run.Url is null)
            {
                wrong.Add($"it did not start: {run.Error}");
            }

            await run.StopAsync();
            return wrong;
        }

        if (run.Url is not null)
        {
            await run.StopAsync();
            return ["it started as if nothing were wrong"];
        }

        if (run.ExitCode != 1)
        {
            wrong.Add($"it ended with {run.ExitCode}");
        }

        if (run.Error.Count(c => c == '\n') != 1 || run.Error.Contains("   at ", StringComparison.Ordinal)
            || !run.Error.Contains(Path.GetFileName(name), StringComparison.Ordinal))
        {
            wrong.Add($"it said: {run.Error}");
        }

        wrong.AddRange(PoolDirectory.Look(data).Except(before).Select(c => $"it changed {c}"));
        return wrong;
    }

    private static async Task RequireBackAsync(PoolDirectory pool, XenApiClient api)
    {
        Assert.Equal(pool.Pool, await pool.PoolOfAsync(api));
        var vm = await api.CallAsync<VmRecord>(
            "VM.get_record", [await api.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", [pool.Vm], Stop)], Stop);
        Assert.Equal("precious", vm.NameLabel);
        var vbd = await api.CallAsync<VbdRecord>("VBD.get_record", [Assert.Single(vm.Vbds)], Stop);
        var vdi = await api.CallAsync<VdiRecord>("VDI.get_record", [vbd.Vdi], Stop);
        var state = await api.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>(
            "SR.get_database_replication_state", [vdi.Sr], Stop);
        Assert.Equal("healthy", state["health"]);
        await api.CallAsync("VM.start", [await api.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", [pool.Vm], Stop), false, false], Stop);
    }

    private static Task<System.Collections.Immutable.ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord>> MessagesAsync(XenApiClient api) =>
        api.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<Ref<MessageRecord>,
        MessageRecord>>("message.get_all_records", [], Stop);

    private static IEnumerable<string> OpenToOthers(string directory) =>
        new DirectoryInfo(directory).GetFileSystemInfos().Append(new DirectoryInfo(directory))
        .Where(e => e is not DirectoryInfo || e.FullName == directory)
        .Where(e => (e.UnixFileMode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != UnixFileMode.None)
        .Select(e => $"{e.FullName} {e.UnixFileMode}");

    private static void Cut(string path, Func<long, long> length)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(length(file.Length));
    }

    private static void Garble(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        var garbage = RandomNumberGenerator.GetBytes((int)Math.Clamp(file.Length, 16, 1 << 20));
        file.Write(garbage);
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int MakePipe(string path, uint mode);

    [DllImport("libc", EntryPoint = "chown")]
    private static extern int ChangeOwner(string path, uint user, uint group);
}
