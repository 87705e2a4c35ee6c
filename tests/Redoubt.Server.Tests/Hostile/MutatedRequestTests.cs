using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Redoubt.Server.Tests.Golden;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>
/// Requests that were right once, sent to both endpoints. Whatever comes back is an answer in the protocol's form, and never a bug's.
/// </summary>
public sealed partial class MutatedRequestTests(TestPool pool) : IClassFixture<TestPool>
{
    private const int Tries = 1_500;

    private static readonly string[] Own =
    [
        """{"jsonrpc":"2.0","method":"VM.get_all_records","params":["SESSION"],"id":1}""",
        """{"method":"VM.get_all_records_where","params":["SESSION","field \"name__label\" = \"db\" and not (true or false)"],"id":"x"}""",
        """{"jsonrpc":"2.0","method":"network.create","params":["SESSION",{"name_label":"n","MTU":1500,"other_config":{"a":"b"},"tags":["t"]}],"id":1}""",
        """{"jsonrpc":"2.0","method":"event.from","params":["SESSION",["vm","pool/OpaqueRef:x"],"00000000000000000001,00000000000000000001",0.01],"id":null}""",
        """{"jsonrpc":"2.0","method":"SR.probe","params":["SESSION","OpaqueRef:NULL",{"location":"/nowhere"},"file",{}],"id":1}""",
        "<?xml version='1.0'?><methodCall><methodName>VM.get_by_uuid</methodName><params><param><value><string>SESSION</string></value></param><param><value>u</value></param></params></methodCall>",
        "<methodCall><methodName>Async.network.create</methodName><params><param><value>SESSION</value></param><param><value><struct><member><name>name_label</name><value>x</value></member>"
            + "<member><name>MTU</name><value><i4>9</i4></value></member><member><name>tags</name><value><array><data><value>t</value></data></array></value></member></struct></value></param></params></methodCall>",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_mutated_request_is_answered_in_form(int seed)
    {
        var seeds = await SeedsAsync();
        var random = new Random(seed);
        var requests = Enumerable.Range(0, Tries).Select(
            _ => Breaking.Mutation.Of(Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Count)]), random)).ToList();
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, async (request, cancel) =>
        {
            var isJson = request is [(byte)'{', ..];
            using var content = new ByteArrayContent(request);
            using var response = await pool.Http.PostAsync(new Uri(pool.Url, isJson ? "/jsonrpc" : "/"), content, cancel);
            var answer = await response.Content.ReadAsStringAsync(cancel);
            var problem = Problem(response.StatusCode, answer, isJson);
            Assert.True(problem is null, $"{problem}\n{Encoding.UTF8.GetString(request)}\n{answer}");
        });
        Assert.NotEmpty((await pool.CallAsync("pool.get_all")).EnumerateArray());
    }

    private static string? Problem(HttpStatusCode status, string answer, bool isJson)
    {
        if (status == HttpStatusCode.InternalServerError)
        {
            return answer.Contains("Additional information", StringComparison.Ordinal) && !Bug().IsMatch(answer)
                ? null
                : "a fault of the server's own";
        }

        if (status != HttpStatusCode.OK)
        {
            return $"status {status}";
        }

        if (isJson)
        {
            using var document = JsonDocument.Parse(answer);
            _ = document.RootElement.GetProperty("id");
        }
        else
        {
            Assert.Equal("methodResponse", XDocument.Parse(answer).Root!.Name.LocalName);
        }

        return answer.Contains("INTERNAL_ERROR", StringComparison.Ordinal) && Bug().IsMatch(answer) ? "a bug" : null;
    }

    // A name of an exception that nobody throws on purpose.
    [GeneratedRegex("(NullReference|InvalidOperation|Argument[A-Za-z]*|IndexOutOfRange|KeyNotFound|InvalidCast|Format|Overflow|StackOverflow|NotSupported)Exception")]
    private static partial Regex Bug();

    private async Task<List<string>> SeedsAsync()
    {
        var seeds = Own.ToList();
        foreach (var name in SharedFiles.Transcripts is null ? [] : Transcript.Names.Where(n => !n.StartsWith("http", StringComparison.Ordinal) && !n.Contains("logout", StringComparison.Ordinal)))
        {
            seeds.Add((await Transcript.ReadAsync(name)).Body);
        }

        return [.. seeds.Select(s => Transcript.Reference().Replace(s.Replace("SESSION", pool.Session, StringComparison.Ordinal), pool.Session))];
    }
}
