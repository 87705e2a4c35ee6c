using System.Collections.Immutable;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Inspection;

/// <summary>Takes out of a device config what may be a secret: a report is mailed around, a database is not.</summary>
public static class DeviceConfigMask
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Masked = "********";

    /// <summary>The config with what may be a secret replaced.</summary>
    public static ImmutableSortedDictionary<string, string> Apply(IEnumerable<KeyValuePair<string, string>> config) =>
        config.ToImmutableSortedDictionary(
            p => p.Key,
            p => DeviceConfigs.IsSecret(p.Key) || SecretFields.HasOption(p.Value) ? Masked : DeviceConfigs.WithoutLogin(p.Value, Masked),
            StringComparer.Ordinal);
}
