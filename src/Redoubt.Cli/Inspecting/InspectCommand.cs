using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;
using Redoubt.Inspection;

namespace Redoubt.Cli.Inspecting;

/// <summary>
/// <c>redoubt inspect</c>: what is on this volume, in this dump, at this location, and how much of it can be trusted. It asks no daemon
/// and writes nothing, so it can be run on the only copy there is.
/// </summary>
internal static class InspectCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal, CancellationToken cancellationToken)
    {
        var options = InspectOptions.Parse(words);
        if (!Path.Exists(options.Path))
        {
            throw new UsageException($"There is no {options.Path}.");
        }

        // A device can hang for ever; Ctrl-C must end the waiting all the same.
        var report = await Task.Run(() => LookAsync(options, cancellationToken), cancellationToken).WaitAsync(cancellationToken);
        var isKnown = options.Vm is null || report.Databases.All(d => d.Content is null)
            || report.Databases.Any(d => d.Content is { Vms.Count: > 0 });
        if (options.Json)
        {
            terminal.PrintLine(InspectJson.Write(report));
        }
        else
        {
            new InspectPrinter(terminal).Print(report, options.Vm);
        }

        if (isKnown)
        {
            return Code(report);
        }

        terminal.ErrorLine($"No VM there has the name or UUID '{options.Vm}'.");
        return ExitCode.Failure;
    }

    private static async Task<InspectReport> LookAsync(InspectOptions options, CancellationToken cancellationToken)
    {
        if (Directory.Exists(options.Path))
        {
            return await LocationInspection.RunAsync(options, cancellationToken);
        }

        var database = DatabaseFile.Read(options.Path, options.Query);
        return new() { Path = options.Path, Kind = database.Kind, Databases = [database] };
    }

    private static int Code(InspectReport report)
    {
        if (!report.Databases.Any(d => IsUsable(d.Verdict)))
        {
            return ExitCode.NothingUsable;
        }

        return report.Databases.All(d => d.Verdict == InspectVerdict.Intact) && report.Srs.All(s => s.Unreadable is null)
            ? ExitCode.Success
            : ExitCode.Partial;
    }

    private static bool IsUsable(InspectVerdict verdict) =>
        verdict is InspectVerdict.Intact or InspectVerdict.Cut or InspectVerdict.OlderHalf;
}
