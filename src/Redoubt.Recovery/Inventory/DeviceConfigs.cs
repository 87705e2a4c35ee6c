using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Device configurations, as far as they may be written down: an inventory is a file that people hand around.</summary>
public static class DeviceConfigs
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Masked = SecretFields.Masked;

    /// <summary>Whether what stands under this key may be a secret.</summary>
    public static bool IsSecret(string key) => SecretFields.IsConnectionKey(key);

    /// <summary>Whether an address has a login in it: <c>//user:password@server/share</c>.</summary>
    public static bool HasLogin(string value) => SecretFields.HasLogin(value);

    /// <summary>The value with the login of an address replaced.</summary>
    public static string WithoutLogin(string value, string mask) => SecretFields.WithoutLogin(value, mask);

    /// <summary>The configuration with its secrets masked.</summary>
    public static ImmutableSortedDictionary<string, string> Mask(IReadOnlyDictionary<string, string> config) =>
        config.ToImmutableSortedDictionary(
            c => c.Key,
            c => IsSecret(c.Key) || SecretFields.HasSecretInside(c.Value) ? Masked : c.Value,
            StringComparer.Ordinal);

    /// <summary>The configuration as parameters of a command line.</summary>
    public static string AsParameters(IReadOnlyDictionary<string, string> config) =>
        string.Join(' ', config.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"device-config:{c.Key}={c.Value}"));
}
