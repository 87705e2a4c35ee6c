using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Cli;

/// <summary>Prints a server's refusal: what it means and what to do, then the code and its parameters for scripts and searches.</summary>
internal static class ErrorPrinter
{
    /// <param name="terminal">Where to.</param>
    /// <param name="failure">The refusal.</param>
    /// <param name="api">The server, which knows the names of the objects that the failure mentions; null if there is no session.</param>
    /// <param name="cancellationToken">Stops asking for names.</param>
    public static async Task PrintAsync(Terminal terminal, XenApiException failure, XenApiClient? api, CancellationToken cancellationToken)
    {
        var names = api is null ? [] : await NamesAsync(failure, api, cancellationToken);
        var sentence = ErrorSentences.Find(failure.Code, failure.Parameters, (_, reference) => names.GetValueOrDefault(reference));
        if (sentence is not null)
        {
            terminal.ErrorLine(sentence);
        }

        terminal.ErrorLine($"Error code: {failure.Code}");
        terminal.ErrorLine($"Error parameters: {string.Join(", ", failure.Parameters.Select(p => names.GetValueOrDefault(p, p)))}");
    }

    private static async Task<Dictionary<string, string>> NamesAsync(XenApiException failure, XenApiClient api, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, string>();
        foreach (var (className, reference) in ErrorSentences.ObjectsIn(failure.Code, failure.Parameters))
        {
            try
            {
                var record = await api.CallRawAsync($"{className}.get_record", [reference], cancellationToken) as WireStruct;
                var uuid = (record?["uuid"] as WireString)?.Value;
                var label = (record?["name_label"] as WireString)?.Value;
                names[reference] = label is { Length: > 0 } ? $"{uuid} ({label})" : uuid ?? reference;
            }
            catch (Exception unknown) when (unknown is XenApiException or XenApiTransportException)
            {
                // The object may be in another database or gone; its reference is shown instead. The failure itself is what matters here.
            }
        }

        return names;
    }
}
