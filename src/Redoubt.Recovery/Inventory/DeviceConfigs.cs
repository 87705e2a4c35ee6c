using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Device configurations, as far as they may be written down.</summary>
public static class DeviceConfigs
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Masked = "(secret)";

    // The keys under which XenServer's drivers take passwords, and whatever else calls itself one: an inventory is a file that people
    // hand around, and one secret too many masked costs an operator a minute.
    private static readonly string[] SecretWords = ["password", "secret", "chap"];

    /// <summary>The configuration with its secrets masked.</summary>
    public static ImmutableSortedDictionary<string, string> Mask(IReadOnlyDictionary<string, string> config) => config.ToImmutableSortedDictionary(
        c => c.Key,
        c => SecretWords.Any(s => c.Key.Contains(s, StringComparison.OrdinalIgnoreCase)) ? Masked : c.Value,
        StringComparer.Ordinal);

    /// <summary>The configuration as parameters of a command line.</summary>
    public static string AsParameters(IReadOnlyDictionary<string, string> config) =>
        string.Join(' ', config.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"device-config:{c.Key}={c.Value}"));
}
