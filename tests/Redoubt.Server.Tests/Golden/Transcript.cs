using System.Text.RegularExpressions;

namespace Redoubt.Server.Tests.Golden;

/// <summary>A request that was sent to a genuine xapi, and what it answered.</summary>
/// <param name="Head">The request line and headers.</param>
/// <param name="Body">The request's body.</param>
/// <param name="Answer">The answer.</param>
internal sealed partial record Transcript(IReadOnlyList<string> Head, string Body, HttpAnswer Answer)
{
    /// <summary>The names of all recordings; a placeholder if there are none, so that their tests are seen to be skipped.</summary>
    public static IEnumerable<string> Names =>
        SharedFiles.Transcripts is null
            ? ["(no recordings)"]
            : Directory.GetFiles(SharedFiles.Transcripts, "*.txt").Select(f => Path.GetFileNameWithoutExtension(f))
                .Order(StringComparer.Ordinal);

    /// <summary>The recording of this name.</summary>
    public static async Task<Transcript> ReadAsync(string name)
    {
        Assert.SkipUnless(
            SharedFiles.Transcripts is not null,
            "there are no recordings of a genuine xapi beside this repository, and REDOUBT_SHARED names no folder that has them");
        var text = (await File.ReadAllTextAsync(Path.Combine(SharedFiles.Transcripts, name + ".txt")))
            .Replace("\r\n", "\n", StringComparison.Ordinal);
        var split = text.IndexOf("\n<<< RESPONSE\n", StringComparison.Ordinal);
        var request = text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..split];
        var end = request.IndexOf("\n\n", StringComparison.Ordinal);
        var (head, body) = end < 0 ? (request.TrimEnd('\n'), "") : (request[..end], request[(end + 2)..].TrimEnd('\n'));
        return new(head.Split('\n'), body, HttpAnswer.Parse(text[(split + "\n<<< RESPONSE\n".Length)..]));
    }

    /// <summary>The references in the body, in their order: the session first.</summary>
    public IReadOnlyList<string> References => [.. Reference().Matches(Body).Select(m => m.Value).Distinct()];

    /// <summary>A reference of an object, which is another one at every run.</summary>
    [GeneratedRegex("OpaqueRef:[0-9a-f]{8}-[-0-9a-f]{27}")]
    public static partial Regex Reference();
}
