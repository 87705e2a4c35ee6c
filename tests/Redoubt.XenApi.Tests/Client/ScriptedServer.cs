using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Redoubt.XenApi.Tests.Client;

/// <summary>An HTTP server that answers each request with the next of its answers, and keeps the requests' bodies.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Queue<(int Status, string Type, string Body)> answers;

    public ScriptedServer(params (int Status, string Type, string Body)[] answers)
    {
        this.answers = new(answers);
        Url = new Uri($"http://127.0.0.1:{FreePort()}/");
        listener.Prefixes.Add(Url.ToString());
        listener.Start();
        Served = ServeAsync();
    }

    public Uri Url { get; }

    public List<string> Requests { get; } = [];

    public Task Served { get; }

    public static (int, string, string) Result(string json) =>
        (200, JsonRpc.ContentType, $$"""{"jsonrpc":"2.0","result":{{json}},"id":1}""");

    public static (int, string, string) Failure(string json) =>
        (200, JsonRpc.ContentType, $$"""{"jsonrpc":"2.0","error":{{json}},"id":1}""");

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        while (answers.TryDequeue(out var answer))
        {
            var context = await listener.GetContextAsync();
            using var reader = new StreamReader(context.Request.InputStream);
            Requests.Add(await reader.ReadToEndAsync());
            (context.Response.StatusCode, context.Response.ContentType) = (answer.Status, answer.Type);
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.Body));
            context.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
