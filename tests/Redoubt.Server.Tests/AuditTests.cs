using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.Server.Audit;
using Redoubt.Storage;

namespace Redoubt.Server.Tests;

public sealed class AuditTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task Each_change_leaves_a_line_and_reading_leaves_none()
    {
        await pool.CreateUserAsync("ann", "pool-operator");
        var session = await pool.LoginAsync("ann");
        var network =
            (await pool.ResultAsync("network.create", session, new Dictionary<string, object> { ["name_label"] = "blue" })).GetString();
        await pool.ResultAsync("network.set_name_label", session, network, "red");
        await pool.ResultAsync("network.get_record", session, network);
        await pool.RawFailureAsync("subject.create", session, UserScene.Record("bob"));
        await pool.FinishedAsync((await pool.ResultAsync("Async.network.destroy", session, network)).GetString()!);
        var lines = (await LinesAsync()).Where(l => l.GetProperty("user").GetString() == "ann").ToList();
        Assert.Equal(
            ["session.login_with_password ok", "network.create ok", "network.set_name_label ok", "subject.create RBAC_PERMISSION_DENIED", "Async.network.destroy ok"],
            lines.Select(l => $"{l.GetProperty("call")} {l.GetProperty("result")}"));
        Assert.Equal(
            ["blue", "blue", "red"], new[] { 1, 2, 4 }.Select(i => lines[i].GetProperty("objects")[0].GetProperty("name").GetString()));
        Assert.Single(lines[1..].Select(l => l.GetProperty("session").GetString()).Distinct());
        Assert.All(lines, l => Assert.Equal("pool-operator", l.GetProperty("role").GetString()));
    }

    [Fact]
    public async Task No_secret_gets_into_it()
    {
        var user = await pool.CreateUserAsync("carl", "pool-admin");
        var session = await pool.LoginAsync("carl");
        await pool.RawFailureAsync("session.login_with_password", "carl", "mistyped-password", "1.0", "tests");
        await pool.FailureAsync("subject.set_password", user, "");
        await pool.ResultAsync("network.create", session, new Dictionary<string, object> { ["name_description"] = "secret-value" });
        await pool.ResultAsync("session.logout", session);
        var text = await TextAsync();
        Assert.Contains("subject.set_password", text, StringComparison.Ordinal);
        foreach (var secret in new[] { UserScene.Secret, TestPool.Password, "mistyped-password", "secret-value", session, pool.Session })
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(pool.DataDirectory, "audit.log")));
    }

    [Fact]
    public async Task Transfers_are_recorded()
    {
        using (await pool.Http.GetAsync(new Uri(pool.Url, $"/pool/xmldbdump?session_id={pool.Session}"), TestContext.Current.CancellationToken))
        {
            // How it went is recorded when it has gone, and the client may have all of it a little earlier.
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            while (!(await LinesAsync()).Any(l => l.GetProperty("call").GetString() == "get_pool_xml_db_sync" && l.GetProperty("result").GetString() == "ok"))
            {
                await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task Many_who_append_at_once_take_no_thread_from_each_other_and_lose_no_line()
    {
        var folder = pool.NewDirectory();
        var told = new Told();
        await using (var log = new AuditLog(new(folder), told))
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(who => Task.Run(async () =>
            {
                for (var i = 0; i < 10; i++)
                {
                    await log.AppendAsync(Encoding.ASCII.GetBytes($"{{\"who\":{who},\"i\":{i}}}"));
                }
            })));
        }

        Assert.Empty(told.Lines);
        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, "audit.log"), TestContext.Current.CancellationToken);
        var read = lines.Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(Enumerable.Range(1, 5000), read.Select(l => l.GetProperty("n").GetInt32()));
        Assert.All(
            read.GroupBy(l => l.GetProperty("who").GetInt32()),
            of => Assert.Equal(Enumerable.Range(0, 10), of.Select(l => l.GetProperty("i").GetInt32())));
    }

    [Fact]
    public async Task The_log_is_rotated_by_its_size()
    {
        var folder = pool.NewDirectory();
        await using var log = new AuditLog(new(folder), NullLogger<AuditLog>.Instance, maxBytes: 100);
        for (var i = 0; i < 200; i++)
        {
            await log.AppendAsync(Line($"line {i:D3} of the log"));
        }

        var files = Directory.GetFiles(folder);
        Assert.Equal(AuditLog.Kept + 1, files.Length);
        Assert.All(files, f => Assert.InRange(new FileInfo(f).Length, 1, 100));
        Assert.Contains(
            "line 199", await File.ReadAllTextAsync(Path.Combine(folder, "audit.log"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rotation_that_failed_once_loses_the_lines_of_that_time_and_no_other()
    {
        var folder = pool.NewDirectory();
        await using var log = new AuditLog(new(folder), NullLogger<AuditLog>.Instance, maxBytes: 100);
        await log.AppendAsync(Line(new string('x', 70)));

        // What can't be replaced by a file stands in the way of the rotation, and then of the new file too.
        Directory.CreateDirectory(Path.Combine(folder, "audit.log.1", "in the way"));
        await log.AppendAsync(Line("lost"));
        File.Delete(Path.Combine(folder, "audit.log"));
        Directory.CreateDirectory(Path.Combine(folder, "audit.log"));
        await log.AppendAsync(Line("lost too"));
        Directory.Delete(Path.Combine(folder, "audit.log"));
        Directory.Delete(Path.Combine(folder, "audit.log.1"), recursive: true);

        await log.AppendAsync(Line("kept"));
        Assert.Equal("kept", Assert.Single(await ReadAsync(folder)).Text);
    }

    [Fact]
    public async Task Other_hosts_have_each_line_before_this_one_and_take_it_once()
    {
        var (here, there) = (pool.NewDirectory(), pool.NewDirectory());
        await using (var alone = new AuditLog(new(here), NullLogger<AuditLog>.Instance))
        {
            await alone.AppendAsync(Line("before there were others"));
        }

        var entries = new List<(long Number, byte[] Lines)>();
        var files = new PoolFiles(here);
        await using (var log = new AuditLog(files, NullLogger<AuditLog>.Instance))
        {
            files.Share(new(
                (_, _) => { },
                (_, number, lines) =>
                {
                    Assert.DoesNotContain(
                        "shared", File.ReadAllText(Path.Combine(here, "audit.log")), StringComparison.Ordinal);
                    entries.Add((number, lines));
                    return false;
                },
                (_, number, whole) => entries.Add((number, whole))));
            await log.AppendAsync(Line("shared"));
        }

        Assert.Equal([1, 2], entries.Select(e => e.Number));
        await using (var copy = new AuditLog(new(there), NullLogger<AuditLog>.Instance))
        {
            entries.ForEach(e => copy.Take(e.Lines));
            entries.ForEach(e => copy.Take(e.Lines));
            Assert.Equal(2, copy.Last);
        }

        // One that takes over goes on with the numbers.
        await using (var next = new AuditLog(new(there), NullLogger<AuditLog>.Instance))
        {
            await next.AppendAsync(Line("by the next"));
        }

        Assert.Equal(
            [(1L, "before there were others"), (2, "shared"), (3, "by the next")],
            (await ReadAsync(there)).Select(l => ((long)l.Number!, l.Text)));
    }

    [Fact]
    public async Task What_the_other_hosts_do_not_agree_to_is_told_by_this_one_and_is_no_part_of_the_pools()
    {
        var folder = pool.NewDirectory();
        var (fails, told, whole) = (true, new Told(), "");
        var files = new PoolFiles(folder, new(
            (_, _) => { },
            (_, _, _) => fails ? throw new IOException("no majority") : true,
            (_, number, content) => whole = $"{number} {Encoding.ASCII.GetString(content)}"));
        await using (var log = new AuditLog(files, told))
        {
            await log.AppendAsync(Line("alone"));
            fails = false;
            await log.AppendAsync(Line("together"));
        }

        Assert.Equal([(null, "alone"), (1L, "together")], (await ReadAsync(folder)).Select(l => (l.Number, l.Text)));
        Assert.Contains("no majority", Assert.Single(told.Lines), StringComparison.Ordinal);
        Assert.StartsWith("1 ", whole, StringComparison.Ordinal);
        await using var copy = new AuditLog(new(pool.NewDirectory()), NullLogger<AuditLog>.Instance);
        copy.Take(Encoding.ASCII.GetBytes(whole[2..]));
        Assert.Equal(1, copy.Last);
    }

    private static byte[] Line(string text) => JsonSerializer.SerializeToUtf8Bytes(new { text });

    private static async Task<List<(long? Number, string Text)>> ReadAsync(string folder) =>
    [
        .. (await File.ReadAllLinesAsync(Path.Combine(folder, "audit.log"), TestContext.Current.CancellationToken))
            .Select(l => JsonDocument.Parse(l).RootElement)
            .Select(l => (l.TryGetProperty("n", out var n) ? n.GetInt64() : (long?)null, l.GetProperty("text").GetString()!)),
    ];

    private async Task<string> TextAsync()
    {
        await using var file = new FileStream(
            Path.Combine(pool.DataDirectory, "audit.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private async Task<List<JsonElement>> LinesAsync() =>
        [.. (await TextAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    private sealed class Told : ILogger<AuditLog>
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }
}
