using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli;

/// <summary>
/// Prints a server's refusal: xe's lines, which scripts know; what it means and what to do; the code for searches. Each thing once.
/// </summary>
internal static class ErrorPrinter
{
    /// <param name="terminal">Where to.</param>
    /// <param name="failure">The refusal.</param>
    /// <param name="api">The server, which knows the names of the objects that the failure mentions; null if there is no session.</param>
    /// <param name="cancellationToken">Stops asking for names.</param>
    public static async Task PrintAsync(Terminal terminal, XenApiException failure, XenApiClient? api, CancellationToken cancellationToken)
    {
        var names = api is null ? [] : await NamesAsync(failure, api, cancellationToken);
        var shown = failure.Parameters.Select(p => PlainLines.OneLine(names.GetValueOrDefault(p, p))).ToList();
        var xe = XeErrors.Lines(failure.Code, shown);
        var sentence = ErrorSentences.Find(failure.Code, failure.Parameters, (_, reference) => names.GetValueOrDefault(reference));
        foreach (var line in xe)
        {
            terminal.ErrorLine(line);
        }

        if (sentence is not null && !xe.Contains(sentence))
        {
            terminal.ErrorLine(sentence);
        }

        terminal.ErrorLine($"Error code: {failure.Code}");
        if (xe.Count > 0)
        {
            return;
        }

        var untold = sentence is null ? shown : [.. shown.Where(p => !sentence.Contains(p, StringComparison.Ordinal))];
        if (untold.Count > 0 || sentence is null)
        {
            terminal.ErrorLine($"Error parameters: {string.Join(", ", untold)}");
        }
    }

    private static async Task<Dictionary<string, string>> NamesAsync(
        XenApiException failure, XenApiClient api, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, string>();
        var objects = ErrorSentences.ObjectsIn(failure.Code, failure.Parameters)
            .Concat(
                failure.Parameters.Select((p, i) => (Class: XeErrors.ClassOf(failure.Code, failure.Parameters, i), Ref: p))
                    .Where(p => p.Class is not null).Select(p => (p.Class!, p.Ref)));
        foreach (var (className, reference) in objects.DistinctBy(o => o.Item2))
        {
            try
            {
                var record = await api.CallRawAsync($"{className}.get_record", [reference], cancellationToken) as WireStruct;
                var uuid = (record?["uuid"] as WireString)?.Value;
                var label = (record?["name_label"] as WireString)?.Value;
                names[reference] = label is { Length: > 0 } ? $"{uuid} ({PlainLines.OneLine(label)})" : uuid ?? reference;
            }
            catch (Exception unknown) when (unknown is XenApiException or XenApiTransportException)
            {
                // The object may be in another database or gone; its reference is shown instead. The failure itself is what matters here.
            }
        }

        return names;
    }
}
