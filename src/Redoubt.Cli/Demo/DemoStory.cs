using System.Diagnostics;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Demo;

/// <summary>Tells the demo on the terminal: a heading for each act, a line for each thing that happened and how long it took.</summary>
internal sealed class DemoStory(Terminal terminal)
{
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private int _act;

    /// <summary>How long the demo has run.</summary>
    public TimeSpan Elapsed => _total.Elapsed;

    /// <summary>Begins an act.</summary>
    public void Act(string title) => Line($"\n{Bold($"{++_act}. {title}")}");

    /// <summary>Says something that is so.</summary>
    public void Say(string text) => Line($"   {text}");

    /// <summary>Does something, and says what and how long it took.</summary>
    public async Task<T> DoAsync<T>(string text, Func<Task<T>> work)
    {
        var watch = Stopwatch.StartNew();
        var result = await work();
        Line($"   {text,-72} {Dim($"{watch.Elapsed.TotalSeconds,6:0.00} s")}");
        return result;
    }

    /// <inheritdoc cref="DoAsync{T}"/>
    public Task DoAsync(string text, Func<Task> work) => DoAsync(text, async () =>
    {
        await work();
        return true;
    });

    /// <summary>Shows a table whose first row is its heading.</summary>
    public void Table(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(c => rows.Max(r => r[c].Length)).ToList();
        foreach (var (row, number) in rows.Select((r, i) => (r, i)))
        {
            var text = string.Join("   ", row.Select((cell, c) => c == 0 ? cell.PadRight(widths[c]) : cell.PadLeft(widths[c])));
            Line("   " + (number == 0 ? Dim(text) : text));
        }
    }

    private void Line(string text)
    {
        terminal.PrintLine(text);
        terminal.Output.Flush();
    }

    private string Bold(string text) => terminal.IsInteractive ? $"\e[1m{text}\e[0m" : text;

    private string Dim(string text) => terminal.IsInteractive ? $"\e[2m{text}\e[0m" : text;
}
