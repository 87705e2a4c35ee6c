using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Redoubt.Server.Tests;

/// <summary>Sends what was sent to a genuine xapi, and compares the answers: where they do not depend on what the pool holds, byte for byte.</summary>
public sealed partial class GoldenTests(TestPool pool) : IClassFixture<TestPool>
{
    private static readonly string[] Whole =
    [
        "json_apiver", "json_badargs", "json_badclass", "json_badhandle", "json_badmethod", "json_badsession", "json_baduuid", "json_eventfrombadtok",
        "xml_apiver", "xml_badargs", "xml_badclass", "xml_badhandle", "xml_badmethod", "xml_badsession", "xml_baduuid", "xml_eventfrombadtok",
        "json_login_bad", "xml_login_bad", "http_get_root", "http_get_unknown", "http_options", "http_dump_noauth",
    ];

    // What a record holds differs; which members it has, in which order and of which types, must not.
    private static readonly string[] Shape = ["json_login", "json_login_v1", "xml_login", "json_session_rec", "xml_session_rec", "json_host_metrics_all", "xml_host_metrics_all", "json_eventcur"];

    private static string? Folder => new[] { Environment.GetEnvironmentVariable("REDOUBT_SHARED"), "../shared", "../../../../../shared" }
        .Where(f => f is not null).Select(f => Path.Combine(f!, "data/genuine-24.10/transcripts")).FirstOrDefault(Directory.Exists);

    public static TheoryData<string> WholeNames => [.. Whole];

    public static TheoryData<string> ShapeNames => [.. Shape];

    [Theory]
    [MemberData(nameof(WholeNames))]
    public async Task The_answer_is_that_of_xapi(string name)
    {
        var (expected, actual) = await PlayAsync(name);
        Assert.Equal(Headers(expected), Headers(actual));
        Assert.Equal(Body(expected), Body(actual));
    }

    [Theory]
    [MemberData(nameof(ShapeNames))]
    public async Task The_answer_has_the_form_of_xapis(string name)
    {
        var (expected, actual) = await PlayAsync(name);
        Assert.Equal(Headers(expected).Where(h => !h.StartsWith("content-length", StringComparison.Ordinal)), Headers(actual).Where(h => !h.StartsWith("content-length", StringComparison.Ordinal)));
        Assert.Equal(Members(Body(expected)), Members(Body(actual)));
    }

    private static IEnumerable<string> Members(string body) => Member().Matches(body).Select(m => m.Value);

    private async Task<(string Expected, string Actual)> PlayAsync(string name)
    {
        Assert.SkipUnless(Folder is not null, "the recordings are not here");
        var text = (await File.ReadAllTextAsync(Path.Combine(Folder!, name + ".txt"))).Replace("\r\n", "\n", StringComparison.Ordinal);
        var split = text.IndexOf("\n<<< RESPONSE\n", StringComparison.Ordinal);
        var (request, expected) = (text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..split], text[(split + "\n<<< RESPONSE\n".Length)..]);
        var end = request.IndexOf("\n\n", StringComparison.Ordinal);
        var (head, body) = end < 0 ? (request.TrimEnd('\n'), "") : (request[..end], request[(end + 2)..].TrimEnd('\n'));
        body = Session().Replace(body, pool.Session).Replace("xenroot", TestPool.Password, StringComparison.Ordinal);
        var lines = head.Split('\n').Where(l => !l.StartsWith("Content-Length", StringComparison.Ordinal) && !l.StartsWith("Connection", StringComparison.Ordinal)).ToList();
        if (body.Length > 0)
        {
            lines.Add($"Content-Length: {Encoding.UTF8.GetByteCount(body)}");
        }

        using var client = new TcpClient();
        await client.ConnectAsync(pool.Url.Host, pool.Url.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n" + body));
        return (expected, await ReadAnswerAsync(stream));
    }

    private static async Task<string> ReadAnswerAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var text = Encoding.UTF8.GetString([.. bytes]).Replace("\r\n", "\n", StringComparison.Ordinal);
            if (Length().Match(text) is { Success: true } length && text.Contains("\n\n", StringComparison.Ordinal)
                && Encoding.UTF8.GetByteCount(Body(text)) >= int.Parse(length.Groups["n"].Value))
            {
                return text;
            }

            var read = await stream.ReadAsync(buffer);
            if (read == 0)
            {
                return text;
            }

            bytes.AddRange(buffer[..read]);
        }
    }

    private static IEnumerable<string> Headers(string answer)
    {
        var lines = answer[..answer.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n');
        return lines.Skip(1).Select(l => l.Split(": ", 2)).Where(p => !p[0].Equals("Date", StringComparison.OrdinalIgnoreCase))
            .Select(p => $"{p[0].ToLowerInvariant()}: {p[1]}").Order(StringComparer.Ordinal).Prepend(lines[0]);
    }

    private static string Body(string answer) => answer[(answer.IndexOf("\n\n", StringComparison.Ordinal) + 2)..].TrimEnd('\n');

    [GeneratedRegex("OpaqueRef:(?!bad|nope|NULL)[-0-9a-f]{36}")]
    private static partial Regex Session();

    [GeneratedRegex("content-length: (?<n>[0-9]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Length();

    [GeneratedRegex("\"[A-Za-z_]+\":|<name>[A-Za-z_]+</name>")]
    private static partial Regex Member();
}
