using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Commands;

/// <summary>Holds a command line against what the command takes, before anything is done.</summary>
internal static class ParameterCheck
{
    // Every command prints, so every command takes --minimal.
    private static readonly string[] Everywhere = ["minimal"];

    /// <exception cref="UsageException">Something is missing, or unknown.</exception>
    public static void Check(Command command, ParsedCommandLine line)
    {
        var problems = new List<string>();
        var missing = command.Required.Where(r => line.Parameters.Find(r) is null).Select(r => r + "=").ToList();
        if (missing.Count > 0)
        {
            problems.Add($"{command.Name} needs {string.Join(" and ", missing)}");
        }

        problems.AddRange(line.Words.Select(w => $"'{w}' is no key=value parameter"));
        problems.AddRange(
            line.Parameters.All.Select(p => p.Key).Where(k => !Takes(command, k)).Select(k => $"{command.Name} takes no parameter '{k}'"));
        if (problems.Count > 0)
        {
            throw new UsageException(
                $"{string.Join("; ", problems)}. See 'redoubt help {command.Name}'.",
                missing.Count > 0 ? $"Required parameter not found: {missing[0].TrimEnd('=')}" : null);
        }
    }

    private static bool Takes(Command command, string key) =>
        command.Required.Contains(key)
        || command.Optional.Contains(key)
        || Everywhere.Contains(key)
        || command.Optional.Any(o => o.EndsWith(':') && key.Length > o.Length && key.StartsWith(o, StringComparison.Ordinal))
        || command.AcceptsOther?.Invoke(key) == true;
}
