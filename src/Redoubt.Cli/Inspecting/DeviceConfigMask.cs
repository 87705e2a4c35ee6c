using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Cli.Inspecting;

/// <summary>Takes out of a device config what may be a secret: a report is mailed around, a database is not.</summary>
internal static class DeviceConfigMask
{
    public const string Masked = "********";

    public static ImmutableSortedDictionary<string, string> Apply(IEnumerable<KeyValuePair<string, string>> config) =>
        config.ToImmutableSortedDictionary(p => p.Key, p => DeviceConfigs.IsSecret(p.Key) ? Masked : DeviceConfigs.WithoutLogin(p.Value, Masked), StringComparer.Ordinal);
}
