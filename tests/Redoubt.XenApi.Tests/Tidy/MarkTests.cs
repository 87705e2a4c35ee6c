using System.Reflection;
using System.Text.RegularExpressions;

namespace Redoubt.XenApi.Tests.Tidy;

/// <summary>
/// The keys <c>dr-…</c> of <c>other_config</c> are spelled in one place, <see cref="Marks"/>: what one part writes another reads.
/// </summary>
public sealed partial class MarkTests
{
    // They name commands of the command line, some of which are called as a mark is.
    private static readonly string[] Commands = ["src/Redoubt.Cli/", "src/Redoubt.Console/Recover/RequestCommand.cs"];

    // What a run notes of a task of its own, in its journal and nowhere else.
    private const string RunNote = "dr-task:";

    private static readonly HashSet<string> Spelled =
    [
        .. typeof(Marks).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!),
    ];

    [Fact]
    public void A_mark_is_spelled_in_one_place() => Offences.None(
        from file in SourceFiles.Below("src", ".cs", ".razor")
        where file != "src/Redoubt.XenApi/Marks.cs"
        let isOfCommands = Commands.Any(c => file.StartsWith(c, StringComparison.Ordinal))
        from Match literal in Literal().Matches(SourceFiles.Read(file))
        let text = literal.Groups[1].Value
        where isOfCommands ? Spelled.Contains(text) && text != Marks.Test : text != RunNote
        select $"{file}: {literal.Value}");

    [GeneratedRegex("\"(dr-[^\"\\s]*)")]
    private static partial Regex Literal();
}
