using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Redoubt.Server.Notifying;

/// <summary>
/// Posts notices as JSON to an address. Each is signed: <c>Redoubt-Signature: sha256=HEX</c> is the HMAC-SHA-256, with the key of the
/// secret file, of what <c>Redoubt-Timestamp</c> says, a full stop and the body. Who gets one twice knows it by <c>Redoubt-Id</c>.
/// </summary>
internal sealed class WebhookTarget(Uri url, string secretFile, TimeProvider time) : INotifyTarget
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // Where it leads is what the operator wrote, and nowhere else.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Limit,
    };

    /// <inheritdoc/>
    public string Name => $"webhook {url.GetLeftPart(UriPartial.Path)}";

    /// <inheritdoc/>
    public async Task SendAsync(Notification notice, CancellationToken cancellationToken)
    {
        try
        {
            var key = Encoding.UTF8.GetBytes((await File.ReadAllTextAsync(secretFile, cancellationToken)).Trim());
            if (key.Length == 0)
            {
                throw new NotifyException($"The file of the webhook's key, {secretFile}, is empty.");
            }

            var body = notice.ToJson();
            var stamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("Redoubt-Id", notice.Id);
            request.Headers.Add("Redoubt-Timestamp", stamp);
            request.Headers.Add("Redoubt-Signature", Sign(key, stamp, body));
            using var answer = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw new NotifyException($"{url.GetLeftPart(UriPartial.Path)} answered {(int)answer.StatusCode}.");
            }
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or UnauthorizedAccessException
            || (failed is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new NotifyException($"{url.GetLeftPart(UriPartial.Path)} did not take it: {failed.Message.TrimEnd('.')}.", failed);
        }
    }

    /// <summary>The signature of a body. Pure.</summary>
    internal static string Sign(byte[] key, string stamp, byte[] body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{stamp}."), .. body];
        return $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(key, signed))}";
    }
}
