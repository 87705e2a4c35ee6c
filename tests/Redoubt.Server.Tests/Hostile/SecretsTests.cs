using System.Net.Http.Headers;
using System.Text;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>What only one side may know stands in no log and in no answer but the one it is for.</summary>
public sealed class SecretsTests
{
    private const string Guess = "hunter2-is-not-the-password";

    [Fact]
    public async Task Passwords_and_sessions_stand_in_no_log_and_no_error()
    {
        // The server logs to standard error. What servers of other tests write there meanwhile does no harm.
        var log = new StringWriter();
        var before = System.Console.Error;
        System.Console.SetError(TextWriter.Synchronized(log));
        await using var pool = new TestPool();
        var answers = new List<string>();
        try
        {
            await pool.InitializeAsync();
            Task<string> Call(string body, string path = "/jsonrpc") => ReadAsync(pool.SendAsync(path, body));
            string[] bodies =
            [
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":["root","{{Guess}}"],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":["root",["{{TestPool.Password}}"],"1.0","x"],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":["root","{{TestPool.Password}}","1.0","x","one too many"],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":["root","{{TestPool.Password}}",]}""",
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":{"pwd":"{{TestPool.Password}}"},"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"session.change_password","params":["{{pool.Session}}","{{Guess}}","{{Guess}}"],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"session.change_password","params":["{{pool.Session}}","{{TestPool.Password}}",""],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"VM.start","params":["{{pool.Session}}","OpaqueRef:nope",false,false],"id":1}""",
                $$"""{"jsonrpc":"2.0","method":"VM.get_record","params":["{{pool.Session}}"],"id":1}""",
            ];
            foreach (var body in bodies)
            {
                answers.Add(await Call(body));
            }

            answers.Add(await Call($"<methodCall><methodName>session.login_with_password</methodName><params><param><value>root</value></param><param><value>{TestPool.Password}<", "/"));
            answers.Add(await Call($"<methodCall><methodName>session.login_with_password</methodName><params><param><value><int>{TestPool.Password}</int></value></param></params></methodCall>", "/"));
            using var basic = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "/pool/xmldbdump"));
            basic.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("root:" + Guess)));
            answers.Add(await ReadAsync(pool.Http.SendAsync(basic, TestContext.Current.CancellationToken)));
            answers.Add(
                await ReadAsync(
                    pool.Http.GetAsync(
                        new Uri(pool.Url, $"/export_raw_vdi?vdi=nope&session_id={pool.Session}"), TestContext.Current.CancellationToken)));

            // Something that the operator is told of, so that it is seen that the log is looked at.
            var blocked = Path.Combine(pool.DataDirectory, "scratch");
            Directory.Delete(blocked, recursive: true);
            answers.Add(
                await ReadAsync(
                    pool.Http.GetAsync(
                        new Uri(pool.Url, $"/pool/xmldbdump?session_id={pool.Session}"), TestContext.Current.CancellationToken)));
            Directory.CreateDirectory(blocked);

            // The log is written by a thread of its own.
            for (var i = 0; i < 200 && !log.ToString().Contains("get_pool_xml_db_sync", StringComparison.Ordinal); i++)
            {
                await Task.Delay(25, TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            System.Console.SetError(before);
        }

        Assert.Contains("get_pool_xml_db_sync", log.ToString(), StringComparison.Ordinal);
        string[] secrets = [Guess, TestPool.Password, pool.Session];
        Assert.All(secrets, s => Assert.DoesNotContain(s, log.ToString(), StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.All(secrets, s => Assert.DoesNotContain(s, answer, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ten_thousand_sessions_of_one_user_are_not_kept_and_those_in_use_are()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var sessions = pool.Server.Daemon.Services.Sessions;
        var host = pool.Server.Daemon.Services.Hosts.Local.Host;
        for (var i = 0; i < 100; i++)
        {
            await Task.WhenAll(
                Enumerable.Range(0, 100).Select(
                    _ => sessions.OpenAsync(Pool.SessionOwner.Root, "leaky", host, null, CancellationToken.None)));
            Assert.NotEmpty((await pool.CallAsync("pool.get_all")).EnumerateArray());
        }

        Assert.InRange(pool.Server.Daemon.Services.State.All<XenApi.SessionRecord>().Count(), 1, Pool.Sessions.MaxOfUser + 100);
    }

    private static async Task<string> ReadAsync(Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        return await response.Content.ReadAsStringAsync();
    }
}
