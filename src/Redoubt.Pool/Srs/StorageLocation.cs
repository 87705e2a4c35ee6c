using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Where an SR lies, as its device configuration says. Pure but for following links.</summary>
internal static class StorageLocation
{
    /// <summary>
    /// Whether two device configurations lead to one place. A path may be written in several ways, and by what key it is reached makes no
    /// other place of it.
    /// </summary>
    public static bool IsSame(ImmutableSortedDictionary<string, string> one, ImmutableSortedDictionary<string, string> other) =>
        IsSamePlace(WithoutSecrets(one), WithoutSecrets(other));

    private static ImmutableSortedDictionary<string, string> WithoutSecrets(ImmutableSortedDictionary<string, string> config) =>
        config.RemoveRange(config.Keys.Where(SecretFields.IsConnectionKey));

    private static bool IsSamePlace(ImmutableSortedDictionary<string, string> one, ImmutableSortedDictionary<string, string> other) =>
        one.Count == other.Count
            && one.All(c => other.TryGetValue(c.Key, out var value) && (c.Value == value || Resolve(c.Value) == Resolve(value)));

    /// <summary>The place in words, without secrets.</summary>
    public static string Describe(string type, ImmutableSortedDictionary<string, string> config) =>
        $"{type} {string.Join(", ", config.Select(c => MayTell(c.Key, c.Value) ? $"{c.Key}={c.Value}" : c.Key))}".TrimEnd();

    private static bool MayTell(string key, string value) =>
        !SecretFields.IsConnectionKey(key) && !SecretFields.HasSecretInside(value) && !value.Contains('@', StringComparison.Ordinal);

    // Each folder on the way may be a link, and what can't be followed is compared as it is written.
    private static string Resolve(string value)
    {
        if (!Path.IsPathRooted(value))
        {
            return value;
        }

        try
        {
            var path = "/";
            foreach (var part in Path.GetFullPath(value).Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                path = Path.Combine(path, part);
                path = Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            }

            return path;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Path.TrimEndingDirectorySeparator(value);
        }
    }
}
