using System.Text.RegularExpressions;
using FsCheck.Fluent;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Every call that the server knows, with parameters that are nearly what it wants, over both protocols.</summary>
public sealed partial class ArbitraryCallTests(TestPool pool) : IClassFixture<TestPool>
{
    // They end the session, or wait.
    private static readonly string[] LeftOut = ["session.", "event.next", "event.from", "system."];

    [Theory]
    [InlineData(RpcForm.JsonRpc2)]
    [InlineData(RpcForm.XmlRpc)]
    public async Task No_call_meets_a_bug_whatever_its_parameters(RpcForm form)
    {
        await pool.CreateSrAsync();
        var names = (await pool.ResultAsync("system.listMethods")).EnumerateArray().Select(m => m.GetString()!)
            .Where(n => !LeftOut.Any(l => n.StartsWith(l, StringComparison.Ordinal))).ToList();
        var refs = pool.Server.Daemon.Services.State;
        var known = DataModel.Classes.Values.ToDictionary(c => c.Name, c => refs.Table(c).Rows.Select(r => r.Ref).Take(3).ToArray());

        // Of each class's getters and setters a few are enough: they are all made alike.
        var messages = names.Select(n => (Name: n, DataModel.FindMessage(n)!.Value.Message))
            .GroupBy(
                m => m.Message.Implicit == ImplicitKind.None
                    ? m.Name
                    : $"{m.Name.Split('.')[0]} {m.Message.Implicit} {m.Message.Field?.Type.Name}").Select(g => g.First()).ToList();
        var bugs = new List<string>();
        foreach (var (name, message) in messages)
        {
            foreach (var parameters in Gen.Sample(Gen.CollectToList(message.Parameters, p => ArbitraryParameter.Of(p.Type.Name, known, 3)), 2, 2))
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                limit.CancelAfter(TimeSpan.FromSeconds(60));
                var failure = await SendAsync(form, name, [new WireString(pool.Session), .. parameters], limit.Token);
                if (failure?.Code == "INTERNAL_ERROR" && Bug().IsMatch(failure.Message))
                {
                    bugs.Add($"{name}: {failure.Message}");
                }
            }
        }

        Assert.Equal("", string.Join('\n', bugs));
    }

    [GeneratedRegex("^INTERNAL_ERROR: [A-Za-z]+Exception: ")]
    private static partial Regex Bug();

    private async Task<XenApiException?> SendAsync(RpcForm form, string method, List<WireValue> parameters, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        if (form == RpcForm.XmlRpc)
        {
            XmlRpc.WriteRequest(body, method, parameters);
        }
        else
        {
            JsonRpc.WriteRequest(body, method, 1, writer => parameters.ForEach(p => p.WriteTo(writer)));
        }

        using var content = new ByteArrayContent(body.ToArray());
        using var response = await pool.Http.PostAsync(new Uri(pool.Url, form == RpcForm.XmlRpc ? "/" : "/jsonrpc"), content, cancel);
        var answer = await response.Content.ReadAsByteArrayAsync(cancel);
        Assert.True(response.IsSuccessStatusCode, $"{method}: {System.Text.Encoding.UTF8.GetString(answer)}");
        return form == RpcForm.XmlRpc ? XmlRpc.ReadResponse(new MemoryStream(answer)).Failure : JsonRpc.ReadResponse(answer).Failure;
    }
}
