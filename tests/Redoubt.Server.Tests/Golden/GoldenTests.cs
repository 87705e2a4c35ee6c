using System.Text;

namespace Redoubt.Server.Tests.Golden;

/// <summary>
/// Sends every request that was sent to a genuine xapi, and compares the answers: the status line and the headers; a failure's whole body,
/// byte for byte; of a success, which fields stand where and of which types. <see cref="Differences"/> has all that may differ.
/// </summary>
public sealed class GoldenTests(GoldenPool golden) : IClassFixture<GoldenPool>
{
    public static TheoryData<string> Names => [.. Transcript.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_answer_is_that_of_a_genuine_xapi(string name)
    {
        var transcript = await Transcript.ReadAsync(name);
        var actual = await PlayAsync(name, transcript);
        var found = Compare(transcript.Answer, actual).ToList();
        var allowed = Differences.All.Where(d => d.IsIn(name)).ToList();
        Assert.Equal("", string.Join('\n', found.Where(line => !allowed.Exists(d => d.Is(line)))));

        // What does not differ any more has no place in the table.
        Assert.Equal("", string.Join('\n', allowed.Where(d => !found.Exists(d.Is)).Select(d => d.Line)));
    }

    [Fact]
    public void Every_difference_stands_in_the_documentation_with_its_reason()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "api-differences.md"));
        Assert.Equal(
            "",
            string.Join(
                '\n',
                Differences.All.Select(d => d.Line.TrimEnd('*')).Where(line => !page.Contains($"`{line}`", StringComparison.Ordinal))));
    }

    private static IEnumerable<string> Compare(HttpAnswer expected, HttpAnswer actual)
    {
        if (expected.Status != actual.Status)
        {
            yield return $"status: {actual.Status} for {expected.Status}";
        }

        foreach (var header in expected.Headers.Keys.Union(actual.Headers.Keys).Except(["content-length"]).Order(StringComparer.Ordinal))
        {
            var (wanted, found) = (expected.Headers.GetValueOrDefault(header, "none"), actual.Headers.GetValueOrDefault(header, "none"));
            if (wanted != found)
            {
                // No two moments are alike.
                yield return $"header {header}: {(header == "date" ? "present" : found)} for {wanted}";
            }
        }

        var isFailure = expected.Body.Contains("\"error\":{", StringComparison.Ordinal)
            || expected.Body.Contains("ErrorDescription", StringComparison.Ordinal);
        if (isFailure || expected.Body.StartsWith("<html>", StringComparison.Ordinal) || expected.Body.Length == 0)
        {
            if (Neutral(expected.Body) != Neutral(actual.Body))
            {
                yield return $"body: {actual.Body}";
            }

            yield break;
        }

        var isJson = expected.Body[0] == '{';
        foreach (var line in isJson
            ? Shape.Compare(Shape.OfJson(expected.Body), Shape.OfJson(actual.Body))
            : Shape.Compare(Shape.OfXml(expected.Body), Shape.OfXml(actual.Body)))
        {
            yield return line;
        }
    }

    private static string Neutral(string body) => Transcript.Reference().Replace(body, "OpaqueRef:any");

    private async Task<HttpAnswer> PlayAsync(string name, Transcript transcript)
    {
        var body = transcript.Body.Replace("xenroot", TestPool.Password, StringComparison.Ordinal);
        if (transcript.References.Count > 0)
        {
            body = body.Replace(transcript.References[0], await golden.Pool.LoginAsync(), StringComparison.Ordinal);
        }

        if (transcript.References.Count > 1)
        {
            var self = name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..] switch
            {
                "net_destroy" => await golden.CreateNetworkAsync(),
                "net_destroy_again" => await golden.DestroyedNetworkAsync(),
                _ => await golden.FinishedTaskAsync(),
            };
            body = body.Replace(transcript.References[1], self, StringComparison.Ordinal);
        }

        var head = transcript.Head.Where(l => !l.StartsWith("Content-Length", StringComparison.Ordinal)).ToList();
        if (body.Length > 0 || head.Count < transcript.Head.Count)
        {
            head.Add($"Content-Length: {Encoding.UTF8.GetByteCount(body)}");
        }

        return await HttpAnswer.ExchangeAsync(golden.Pool.Url, head, body);
    }
}
