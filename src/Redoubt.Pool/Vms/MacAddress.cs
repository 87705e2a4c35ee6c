using System.Text.RegularExpressions;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The addresses of network interfaces.</summary>
internal static partial class MacAddress
{
    /// <summary>A random address of those that anyone may give out: locally administered, unicast.</summary>
    public static string New(Transaction tx)
    {
        // The first five bytes of a random UUID and its last are all random.
        var random = Guid.Parse(tx.NewUuid()).ToByteArray();
        byte[] bytes = [(byte)((random[0] & 0xfc) | 0x02), .. random[1..5], random[15]];
        return string.Join(':', bytes.Select(b => $"{b:x2}"));
    }

    /// <summary>An address that somebody wrote, in lower case.</summary>
    /// <exception cref="XenApiException"><c>MAC_INVALID</c>: it is none, or one of a group.</exception>
    public static string Parse(string text) => Form().IsMatch(text) && (Convert.ToByte(text[..2], 16) & 1) == 0
        ? text.ToLowerInvariant()
        : throw new XenApiException("MAC_INVALID", text);

    [GeneratedRegex(
        "^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
