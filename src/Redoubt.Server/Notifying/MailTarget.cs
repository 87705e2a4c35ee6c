using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Server.Notifying;

/// <summary>
/// Sends notices by mail, each in one of its own. To any machine but this one TLS (STARTTLS) is required, since passwords go there.
/// </summary>
internal sealed class MailTarget(string host, int port, string? loginFile, string from, string to) : INotifyTarget
{
    private const int Submission = 587;
    private const int Plain = 25;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Name => $"mail {to}";

    /// <inheritdoc/>
    public async Task SendAsync(Notification notice, CancellationToken cancellationToken)
    {
        var isHere = NotifyConfig.IsLoopback(host);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var client = new SmtpClient(host, port > 0 ? port : isHere ? Plain : Submission) { EnableSsl = !isHere };
            if (loginFile is not null)
            {
                var lines = await File.ReadAllLinesAsync(loginFile, cancellationToken);
                client.Credentials = lines is [var user, var password, ..]
                    ? new NetworkCredential(user, password)
                    : throw new NotifyException($"{loginFile} needs a name on its first line and a password on its second.");
            }

            using var mail = new MailMessage(from, to, notice.Subject(), Body(notice))
            {
                SubjectEncoding = Encoding.UTF8,
                BodyEncoding = Encoding.UTF8,
            };
            mail.Headers.Add("Message-ID", $"<{notice.Id}@redoubt>");
            mail.Headers.Add("Auto-Submitted", "auto-generated");
            await client.SendMailAsync(mail, limit.Token);
        }
        catch (Exception failed) when (failed is SmtpException or IOException or UnauthorizedAccessException or FormatException
            || (failed is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var why = (failed.InnerException ?? failed).Message.TrimEnd('.');
            throw new NotifyException($"The mail server {host} did not take it: {why}.", failed);
        }
    }

    private static string Body(Notification notice) => string.Create(
        CultureInfo.InvariantCulture,
        $"{notice.Text}\n\nPool: {BriefText.OneLine(notice.Pool)} ({notice.PoolUuid})\nAbout: {notice.Class} {notice.Uuid}\n"
        + $"At: {notice.At:u}\nMessage: {notice.Name}, {notice.Id}\n");
}
