using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Redoubt.Recovery;

/// <summary>Device configurations, as far as they may be written down.</summary>
public static partial class DeviceConfigs
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Masked = "(secret)";

    // The keys under which XenServer's drivers take passwords, and whatever else calls itself one: an inventory is a file that people
    // hand around, and one secret too many masked costs an operator a minute.
    private static readonly string[] SecretWords = ["pass", "pwd", "secret", "chap", "token", "cred", "private", "auth", "key"];

    /// <summary>Whether what stands under this key may be a secret.</summary>
    public static bool IsSecret(string key) => SecretWords.Any(s => key.Contains(s, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether an address has a login in it: <c>//user:password@server/share</c>.</summary>
    public static bool HasLogin(string value) => Login().IsMatch(value);

    /// <summary>The value with the login of an address replaced.</summary>
    public static string WithoutLogin(string value, string mask) => Login().Replace(value, $"//{mask}@");

    /// <summary>The configuration with its secrets masked.</summary>
    public static ImmutableSortedDictionary<string, string> Mask(IReadOnlyDictionary<string, string> config) => config.ToImmutableSortedDictionary(
        c => c.Key,
        c => IsSecret(c.Key) || HasLogin(c.Value) ? Masked : c.Value,
        StringComparer.Ordinal);

    /// <summary>The configuration as parameters of a command line.</summary>
    public static string AsParameters(IReadOnlyDictionary<string, string> config) =>
        string.Join(' ', config.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"device-config:{c.Key}={c.Value}"));

    // Up to the last @ before the path, since a password may hold one.
    [GeneratedRegex("//[^/]*@", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Login();
}
