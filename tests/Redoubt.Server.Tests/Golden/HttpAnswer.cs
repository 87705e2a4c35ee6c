using System.Net.Sockets;
using System.Text;

namespace Redoubt.Server.Tests.Golden;

/// <summary>An answer as it came over the socket.</summary>
/// <param name="Status">The status line.</param>
/// <param name="Headers">The headers, their names in small letters.</param>
/// <param name="Body">The body.</param>
internal sealed record HttpAnswer(string Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>An answer of which every line ends with a line feed alone.</summary>
    public static HttpAnswer Parse(string text)
    {
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = text[..end].Split('\n');
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(p => p[0].ToLowerInvariant(), p => p[1]);
        return new(lines[0], headers, text[(end + 2)..].TrimEnd('\n'));
    }

    /// <summary>Sends a request over a connection of its own, and reads the answer to its end.</summary>
    public static async Task<HttpAnswer> ExchangeAsync(Uri server, IEnumerable<string> head, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(string.Join("\r\n", head) + "\r\n\r\n" + body));
        var bytes = new List<byte>();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var read = await stream.ReadAsync(buffer);
            bytes.AddRange(buffer[..read]);
            var text = Encoding.UTF8.GetString([.. bytes]).Replace("\r\n", "\n", StringComparison.Ordinal);
            if (!text.Contains("\n\n", StringComparison.Ordinal))
            {
                Assert.NotEqual(0, read);
                continue;
            }

            var answer = Parse(text);
            var isChunked = answer.Headers.ContainsKey("transfer-encoding");
            if (read == 0 || (isChunked && text.EndsWith("\n0\n\n", StringComparison.Ordinal))
                || (answer.Headers.TryGetValue("content-length", out var length)
                    && Encoding.UTF8.GetByteCount(answer.Body) >= int.Parse(length)))
            {
                return isChunked ? answer with { Body = Unchunk(text[(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]) } : answer;
            }
        }
    }

    private static string Unchunk(string body) => string.Concat(body.Split('\n').Where((_, i) => i % 2 == 1));
}
