using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;

namespace Redoubt.Cli;

/// <summary><c>redoubt help</c>.</summary>
internal static class HelpCommand
{
    private const string Usage = """
        redoubt [-s HOST] [-p PORT] [--nossl] [-u USER] [-pw PASSWORD | -pwf FILE] COMMAND [key=value ...] [--minimal]

          -s HOST      host name, address or URL (http://127.0.0.1:8801); this machine if left out
          -p PORT      port, if not the scheme's own
          --nossl      plain HTTP; to this machine only
          -u USER      user name; root if left out
          -pw, -pwf    the password, or a file with the user name on its first line and the password on its second
          --minimal    values only, with commas between
          REDOUBT_EXTRA_ARGS=-s,HOST,-pwf,FILE   options that stand before those of every command line

        Exit codes: 0 done, 1 refused, failed or wrongly written, 2 server not reached or not trusted,
        3 done for some objects only (--multiple), 130 interrupted. inspect: 0 intact, 2 nothing usable, 3 usable in part.
        """;

    public static Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        switch (words.FirstOrDefault(w => !w.StartsWith('-')))
        {
            case null: List(terminal, words.Contains("--all")); break;
            case var name when LocalCommands.All.TryGetValue(name, out var local): terminal.PrintLine($"redoubt {local.Name}\n  {local.Help}"); break;
            case var name: Explain(terminal, CommandTable.Find(name) ?? throw App.Unknown(name)); break;
        }

        return Task.FromResult(ExitCode.Success);
    }

    private static void List(Terminal terminal, bool all)
    {
        terminal.PrintLine(Usage);
        terminal.PrintLine("");
        foreach (var (name, help) in LocalCommands.All.Values.Select(c => (c.Name, c.Help)).Concat(CommandTable.Own.Select(c => (c.Name, c.Help))))
        {
            terminal.PrintLine($"  {name,-36}{help}");
        }

        terminal.PrintLine("");
        if (all)
        {
            foreach (var of in XeClasses.All)
            {
                terminal.PrintLine("  " + string.Join(' ', ClassCommands.Of(of).Select(c => c.Name)));
            }
        }
        else
        {
            terminal.PrintLine("Every class of objects has CLASS-list, CLASS-param-list, -param-get, -param-set, -param-add, -param-remove and");
            terminal.PrintLine("-param-clear: vm, appliance, sr, vdi, vbd, vif, pbd, network, host, pool, task, message, drtask and more ('help --all').");
        }
    }

    private static void Explain(Terminal terminal, Command command)
    {
        terminal.PrintLine($"redoubt {command.Name} {string.Join(' ', command.Required.Select(r => r + "=").Concat(command.Optional.Select(o => $"[{Form(o)}]")))}".TrimEnd());
        terminal.PrintLine("  " + command.Help);
        if (command.OtherHelp is { } other)
        {
            terminal.PrintLine("  Also " + other);
        }
    }

    private static string Form(string parameter) => parameter.EndsWith(':') ? parameter + "key=value" : parameter + "=";
}
