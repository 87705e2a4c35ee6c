using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>What a daemon answers to a login as root.</summary>
/// <param name="Code">The error; empty if it lets in.</param>
/// <param name="Parameters">What the error is about.</param>
internal sealed record LoginAnswer(string Code, IReadOnlyList<string> Parameters)
{
    /// <summary>Asks the daemon that listens there; null if nobody answers.</summary>
    public static async Task<LoginAnswer?> OfAsync(Uri url, string password)
    {
        try
        {
            await using var api = new XenApiClient(url, _ => true);
            await api.LoginAsync("root", password, TestContext.Current.CancellationToken);
            return new("", []);
        }
        catch (XenApiException refused)
        {
            return new(refused.Code, refused.Parameters);
        }
        catch (XenApiTransportException)
        {
            return null;
        }
    }
}
