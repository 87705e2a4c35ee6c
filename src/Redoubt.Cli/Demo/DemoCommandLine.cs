using System.Text;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Demo;

/// <summary>
/// Does at a site what an operator does there: types commands. They are shown, and of what they say the steps that have come to an end.
/// They are typed at the coordinator, if no other host is given.
/// </summary>
internal sealed class DemoCommandLine(DemoSite site, DemoStory story, DemoHost? host = null)
{
    /// <summary>Runs a command that must end as expected; gives what it printed.</summary>
    /// <param name="words">The command and its parameters.</param>
    /// <param name="cancellationToken">Stops showing it.</param>
    public Task<string> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        RunAsync(words, CommandLine.ExitCode.Success, cancellationToken);

    /// <inheritdoc cref="RunAsync(IReadOnlyList{string}, CancellationToken)"/>
    public async Task<string> RunAsync(IReadOnlyList<string> words, int expected, CancellationToken cancellationToken)
    {
        story.Say($"{host?.Name ?? site.Name}$ redoubt {string.Join(' ', words.Select(Shown))}");
        await using var output = new StringWriter();
        await using var error = new Steps(story);
        var app = new App(new Terminal(output, error, isInteractive: false), site.KnownPools, TimeProvider.System);
        var server = host?.Url ?? site.Api.Server;
        var code = await app.RunAsync(["-s", $"{server}", "-pwf", site.PasswordFile, .. words], null, cancellationToken);
        return code == expected
            ? output.ToString().Trim()
            : throw new InvalidOperationException($"redoubt {words[0]} ended with {code}, not {expected}:\n{output}{error.All}");
    }

    // Not the whole of a UUID or path: who watches would see nothing else.
    private static string Shown(string word) => word.Split('=', 2) switch
    {
        ["master-password", _] => "master-password=…",
        [var key, { Length: > 24 } value] => $"{key}={(value.StartsWith('/') ? "…/" + Path.GetFileName(value) : value[..8] + "…")}",
        _ => word,
    };

    private sealed class Steps(DemoStory story) : StringWriter
    {
        private readonly StringBuilder _all = new();

        public string All => _all.ToString();

        public override void Write(string? value)
        {
            _all.Append(value);
            foreach (var line in (value ?? "").Split('\n').Where(IsEnd))
            {
                story.Say("  " + line);
            }
        }

        // "00:00:04  done      3/9 …": what has only begun is said again when it ends.
        private static bool IsEnd(string line) =>
            line is [_, _, ':', _, _, ':', _, _, ' ', ' ', not ' ', ..] && !line[10..].StartsWith("begun", StringComparison.Ordinal)
            || line.Contains("VMs healthy", StringComparison.Ordinal) || line.Contains("VMs started", StringComparison.Ordinal);
    }
}
