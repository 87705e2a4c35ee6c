using System.Net;

namespace Redoubt.Server.Notifying;

/// <summary>Whom messages are sent to, and which.</summary>
public sealed record NotifyConfig
{
    /// <summary>The least urgent priority that is sent.</summary>
    public int Priority { get; init; } = 3;

    /// <summary>Addresses that get them as requests.</summary>
    public IReadOnlyList<string> Webhooks { get; init; } = [];

    /// <summary>A file with the key that requests are signed with.</summary>
    public string? WebhookSecretFile { get; init; }

    /// <summary>The server that takes mail, <c>HOST[:PORT]</c>; null for none.</summary>
    public string? MailServer { get; init; }

    /// <summary>A file with the name and the password for that server, on two lines; null for none.</summary>
    public string? MailLoginFile { get; init; }

    /// <summary>Who mail is from.</summary>
    public string MailFrom { get; init; } = "";

    /// <summary>Who gets mail.</summary>
    public IReadOnlyList<string> MailTo { get; init; } = [];

    /// <summary>Who gets lines of syslog: <c>HOST[:PORT]</c>, or the path of a local socket.</summary>
    public IReadOnlyList<string> Syslogs { get; init; } = [];

    /// <summary>Sends a notice that only shows whether it arrives.</summary>
    /// <returns>Of each target what it is, and why it could not be sent; null if it was.</returns>
    public async Task<IReadOnlyList<(string Target, string? Failure)>> TestAsync(
        string pool, TimeProvider time, CancellationToken cancellationToken)
    {
        var results = new List<(string Target, string? Failure)>();
        foreach (var target in Targets(time))
        {
            try
            {
                await target.SendAsync(Notification.Test(pool, time.GetUtcNow()), cancellationToken);
                results.Add((target.Name, null));
            }
            catch (NotifyException failed)
            {
                results.Add((target.Name, failed.Message));
            }
        }

        return results;
    }

    /// <summary>What is wrong with the address of a webhook, a sentence; null if nothing is.</summary>
    public static string? FindWebhookProblem(string url) =>
        !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https") || parsed.UserInfo.Length > 0
            ? $"'{url}' is no address of a webhook. Write https://HOST/PATH."
            : parsed.Scheme == "https" || parsed.IsLoopback ? null : "Plain HTTP is for this machine only. Use https.";

    /// <summary>What is wrong with <c>HOST[:PORT]</c>, a sentence; null if nothing is.</summary>
    public static string? FindHostProblem(string text) => ParseHost(text, 1) is null ? $"'{text}' is no HOST or HOST:PORT." : null;

    /// <summary>What is wrong with an address of mail, a sentence; null if nothing is.</summary>
    public static string? FindMailProblem(string text) =>
        System.Net.Mail.MailAddress.TryCreate(text, out _) ? null : $"'{text}' is no address of mail.";

    /// <summary>What they all are.</summary>
    internal IReadOnlyList<INotifyTarget> Targets(TimeProvider time) =>
    [
        .. Webhooks.Select(url => new WebhookTarget(new Uri(url), WebhookSecretFile!, time)),
        .. MailServer is { } server && ParseHost(server, 0) is var (host, port)
            ? MailTo.Select(to => new MailTarget(host, port, MailLoginFile, MailFrom, to))
            : Enumerable.Empty<INotifyTarget>(),
        .. Syslogs.Select(to => new SyslogTarget(to)),
    ];

    internal static (string Host, int Port)? ParseHost(string text, int usual)
    {
        if (!Uri.TryCreate($"host://{text}", UriKind.Absolute, out var parsed) || parsed.Host.Length == 0
            || parsed.PathAndQuery.Trim('/').Length > 0 || parsed.UserInfo.Length > 0)
        {
            return null;
        }

        return (parsed.IdnHost, parsed.Port > 0 ? parsed.Port : usual);
    }

    internal static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
