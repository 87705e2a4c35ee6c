using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;

namespace Redoubt.Cli;

/// <summary>
/// <c>redoubt help</c>. With <c>--minimal</c> the names alone, and of one command a record in xe's form: the completion of the shell reads
/// both.
/// </summary>
internal static class HelpCommand
{
    private const string Usage = """
        redoubt [-s HOST] [-p PORT] [--nossl] [-u USER] [-pw PASSWORD | -pwf FILE] COMMAND [key=value ...] [--minimal]

          -s HOST      host name, address or URL (http://127.0.0.1:8801, [::1]:8443); this machine if left out
          -p PORT      port, if not the scheme's own and not in -s
          --nossl      plain HTTP; to this machine only
          -u USER      user name; root if left out
          -pw, -pwf    the password, or a file with the user name on its first line and the password on its second
          --minimal    values only, with commas between
          --help       explains the command that it stands with
          REDOUBT_EXTRA_ARGS=-s,HOST,-pwf,FILE   options that stand before those of every command line

        Exit codes: 0 done, 1 refused, failed or wrongly written, 2 server not reached or not trusted,
        3 done for some objects only (--multiple), 130 interrupted. inspect: 0 intact, 2 nothing usable, 3 usable in part.
        """;

    /// <summary>Prints the help that a command line asks for.</summary>
    public static int Run(ParsedCommandLine line, Terminal terminal) => Run(line, terminal, LocalCommands.All.Values, _ => true);

    /// <summary>Prints the help that a command line asks for, on those commands that can be given.</summary>
    public static int Run(ParsedCommandLine line, Terminal terminal, IEnumerable<LocalCommand> locals, Func<Command, bool> isOffered)
    {
        if (line.Words.Count > 0)
        {
            foreach (var name in line.Words)
            {
                Explain(terminal, name, locals);
            }

            return ExitCode.Success;
        }

        var own = CommandTable.Own.Where(isOffered).Select(c => (c.Name, c.Help)).Concat(locals.Select(c => (c.Name, c.Help)));
        var all = line.Parameters.Flag("all");
        if (line.Parameters.Minimal)
        {
            var names = own.Select(c => c.Name).Concat(all ? XeClasses.All.SelectMany(ClassCommands.Of).Select(c => c.Name) : []);
            RecordPrinter.PrintMinimal(terminal, names.Order(StringComparer.Ordinal));
        }
        else
        {
            List(terminal, own, all);
        }

        return ExitCode.Success;
    }

    private static void List(Terminal terminal, IEnumerable<(string Name, string Help)> commands, bool all)
    {
        terminal.PrintLine(Usage);
        terminal.PrintLine("");
        foreach (var (name, help) in commands)
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
            terminal.PrintLine(
                "Every class of objects has CLASS-list, CLASS-param-list, -param-get, -param-set, -param-add, -param-remove and");
            terminal.PrintLine(
                "-param-clear: vm, appliance, sr, vdi, vbd, vif, pbd, network, host, pool, task, message, drtask and more ('help --all').");
        }
    }

    private static void Explain(Terminal terminal, string name, IEnumerable<LocalCommand> locals)
    {
        if (locals.FirstOrDefault(l => l.Name == name) is { } local)
        {
            terminal.PrintLine($"redoubt {local.Name}\n  {local.Help}{(local.Details is { } details ? "\n\n" + details : "")}");
            return;
        }

        var command = CommandTable.Find(name) ?? throw App.Unknown(name);
        RecordPrinter.Print(
            terminal,
            [[
                new("command name        ", command.Name),
                new("reqd params     ", string.Join(", ", command.Required)),
                new("optional params ", string.Join(", ", command.Optional.Concat(command.OtherNames?.Invoke() ?? []))),
                new("description     ", command.Help + (command.OtherHelp is { } other ? $" Also: {other}." : "")),
            ]],
            minimal: false);
        foreach (var parameter in command.Required.Concat(command.Optional))
        {
            if (ParameterHelp.Find(command.Name, parameter) is { } meaning)
            {
                // The colon comes first, so that whatever looks for a word before one finds that of the record.
                terminal.PrintLine($"  : {parameter.TrimEnd(':') + (parameter.EndsWith(':') ? ":…=" : "="),-22} {meaning}");
            }
        }
    }
}
