using System.Net.Sockets;
using System.Text;

namespace Redoubt.Cli.Tests.Serving;

/// <summary>A thin client, written from the description of its protocol alone.</summary>
internal sealed record ThinClient(string Output, string Error, int ExitCode)
{
    private const string Prefix = "XenSource thin CLI protocol";

    public static async Task<ThinClient> RunAsync(Uri server, string user, string password, params string[] words)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        await using var stream = client.GetStream();
        var body = Encoding.UTF8.GetBytes(string.Join('\n', [.. words, $"username={user}", $"password={password}"]));
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST /cli HTTP/1.0\r\nUser-agent: xe-cli/Unix/0.2\r\noriginator: cli\r\ncontent-length: {body.Length}\r\n\r\n"));
        await stream.WriteAsync(body);

        using var reader = new BinaryReader(stream);
        Assert.Equal(Prefix, Encoding.ASCII.GetString(reader.ReadBytes(Prefix.Length)));
        Assert.Equal((0, 2), (reader.ReadInt32(), reader.ReadInt32()));
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(Prefix), 0, 0, 0, 0, 2, 0, 0, 0]);

        var (output, error) = (new StringBuilder(), new StringBuilder());
        while (true)
        {
            var message = new BinaryReader(new MemoryStream(reader.ReadBytes(reader.ReadInt32())));
            Assert.Equal(9, message.ReadInt32());
            switch (message.ReadInt32())
            {
                case 0: output.Append(Text(message)).Append('\n'); break;
                case 16: error.Append(Text(message)); break;
                case 14:
                    error.Append(
                        $"Error code: {Text(message)}\nError parameters: "
                            + $"{string.Join(", ", Enumerable.Range(0, message.ReadInt32()).Select(_ => Text(message)))}\n");
                    break;
                case 12: await FetchAsync(server, Text(message), Text(message), stream); break;
                case 13: await BringAsync(server, Text(message), Text(message), stream); break;
                case 4:
                    var code = message.ReadInt32();
                    Assert.Equal(0, await stream.ReadAsync(new byte[1]));
                    return new(output.ToString(), error.ToString(), code);
                case var other: Assert.Fail($"the server wants {other}"); break;
            }
        }
    }

    private static async Task FetchAsync(Uri server, string file, string path, Stream answers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"));
        var isThere = await HeadAsync(stream);
        if (isThere)
        {
            await using var target = new FileStream(file, FileMode.CreateNew);
            await stream.CopyToAsync(target);
        }

        await AnswerAsync(answers, isThere);
    }

    // As a genuine client does, it sends nothing before it has been answered, and reads nothing after.
    private static async Task BringAsync(Uri server, string file, string path, Stream answers)
    {
        if (!File.Exists(file))
        {
            await AnswerAsync(answers, isDone: false);
            return;
        }

        var content = await File.ReadAllBytesAsync(file);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT {path} HTTP/1.0\r\nContent-length: {content.Length}\r\n\r\n"));
        var isWanted = await HeadAsync(stream);
        try
        {
            await stream.WriteAsync(content);
        }
        catch (IOException)
        {
            isWanted = false; // The command failed before it had read everything.
        }

        await AnswerAsync(answers, isWanted);
    }

    private static async Task<bool> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var next = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(next) == 1)
        {
            head.Append((char)next[0]);
        }

        return head.ToString().Split(' ') is [_, "200", ..];
    }

    // A client says that it is still there, then how it went.
    private static async Task AnswerAsync(Stream answers, bool isDone) => await answers.WriteAsync(
        (byte[])[8, 0, 0, 0, 10, 0, 0, 0, 18, 0, 0, 0, 8, 0, 0, 0, 10, 0, 0, 0, (byte)(isDone ? 5 : 6), 0, 0, 0]);

    private static string Text(BinaryReader message) => Encoding.UTF8.GetString(message.ReadBytes(message.ReadInt32()));
}
