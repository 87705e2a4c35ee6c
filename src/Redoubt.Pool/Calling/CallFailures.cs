using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Turns what went wrong into what a client is told, and logs once what the operator has to know.</summary>
public sealed class CallFailures(ILogger<CallFailures> log)
{
    /// <summary>The failure that the client gets.</summary>
    /// <param name="error">What went wrong.</param>
    /// <param name="method">What was being done.</param>
    public XenApiException Translate(Exception error, string method)
    {
        switch (error)
        {
            case XenApiException refusal when refusal.Code != "INTERNAL_ERROR":
                return refusal;
            case XenApiException broken:
                log.LogError("{Method}: {Message}", method, broken.Message);
                return broken;
            case HypervisorException or IOException or UnauthorizedAccessException or InvalidDataException or JournalException or TimeoutException:
                log.LogError("{Method}: {Message}", method, error.Message);
                return new XenApiException(error, "INTERNAL_ERROR", error.Message);
            default:
                // A bug. The stack is for whoever mends it; a client could do nothing with it.
                log.LogError(error, "{Method} met a fault of the server's own", method);
                return new XenApiException(error, "INTERNAL_ERROR", $"{error.GetType().Name}: {error.Message}");
        }
    }
}
