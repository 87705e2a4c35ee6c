using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>A set of words under one key of a map such as <c>other_config</c>: UUIDs, with commas between. Pure.</summary>
internal static class NotedList
{
    /// <summary>What is noted.</summary>
    public static ImmutableSortedSet<string> Of(ImmutableSortedDictionary<string, string> config, string key) =>
        [.. config.GetValueOrDefault(key, "").Split(',', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>The map with something else noted; without the key if that is nothing.</summary>
    public static ImmutableSortedDictionary<string, string> With(
        ImmutableSortedDictionary<string, string> config, string key, ImmutableSortedSet<string> noted) =>
        noted.IsEmpty ? config.Remove(key) : config.SetItem(key, string.Join(',', noted));
}
