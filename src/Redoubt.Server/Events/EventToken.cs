using System.Globalization;
using System.Runtime.InteropServices;
using Redoubt.XenApi;

namespace Redoubt.Server.Events;

/// <summary>How far a client has read the events.</summary>
/// <param name="Sequence">The last event it has.</param>
/// <param name="Run">Which run of the daemon numbered it; another run counts anew.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EventToken(long Sequence, long Run)
{
    /// <summary>Takes a token as a client gives it back; the empty one is from before everything.</summary>
    /// <exception cref="XenApiException"><c>EVENT_FROM_TOKEN_PARSE_FAILURE</c>.</exception>
    public static EventToken Parse(string text)
    {
        if (text.Length == 0)
        {
            return default;
        }

        var parts = text.Split(',');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var run)
            ? new(sequence, run)
            : throw new XenApiException("EVENT_FROM_TOKEN_PARSE_FAILURE", text);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Sequence:D20},{Run:D20}");
}
