using System.Diagnostics.Metrics;
using Redoubt.XenApi;

namespace Redoubt.Storage;

/// <summary>
/// Counts what storage does: the histogram <c>redoubt.sr.duration</c>, in seconds, with the tags <c>type</c> (of the driver), <c>sr</c>
/// (its UUID, if it is one SR's), <c>operation</c> and <c>outcome</c> (<c>ok</c>, <c>cancelled</c>, or the code of the failure).
/// </summary>
internal sealed class SrCounting(Histogram<double> duration, string type, SrUuid? sr, TimeProvider time)
{
    /// <summary>What the durations are kept in.</summary>
    public static Histogram<double> In(Meter meter) =>
        meter.CreateHistogram<double>("redoubt.sr.duration", "s", "How long operations of storage took.");

    /// <summary>The same for another SR.</summary>
    public SrCounting Of(SrUuid other) => new(duration, type, other, time);

    /// <summary>Does something and counts it.</summary>
    public async Task<T> CountAsync<T>(string operation, Func<Task<T>> act)
    {
        var begun = time.GetTimestamp();
        var outcome = "ok";
        try
        {
            return await act();
        }
        catch (Exception e)
        {
            outcome = e switch
            {
                XenApiException failure => failure.Code,
                OperationCanceledException => "cancelled",
                _ => e.GetType().Name,
            };
            throw;
        }
        finally
        {
            if (duration.Enabled)
            {
                duration.Record(
                    time.GetElapsedTime(begun).TotalSeconds,
                    new("type", type), new("sr", sr?.ToString()), new("operation", operation), new("outcome", outcome));
            }
        }
    }
}
