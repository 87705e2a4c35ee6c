using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Redoubt.Cli.Inspecting;

/// <summary>Takes out of a device config what may be a secret: a report is mailed around, a database is not.</summary>
internal static partial class DeviceConfigMask
{
    public const string Masked = "********";

    private static readonly string[] Telling = ["pass", "pwd", "secret", "token", "cred", "private", "auth", "key"];

    public static ImmutableSortedDictionary<string, string> Apply(IEnumerable<KeyValuePair<string, string>> config) =>
        config.ToImmutableSortedDictionary(p => p.Key, p => IsTelling(p.Key) ? Masked : Login().Replace(p.Value, $"//{Masked}@"), StringComparer.Ordinal);

    private static bool IsTelling(string key) => Array.Exists(Telling, t => key.Contains(t, StringComparison.OrdinalIgnoreCase));

    // A login within an address: //user:password@server/share. Up to the last @ before the path, since a password may hold one.
    [GeneratedRegex("//[^/]*@", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Login();
}
