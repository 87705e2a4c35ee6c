using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>The copies of one SR that probes have found. Pure.</summary>
internal static class ProbedCopies
{
    /// <summary>Where the newest copy lies, by the metadata on it; the first where they say nothing. Null if none was found.</summary>
    public static StorageFacts? NewestPlace(Inventory inventory, string srUuid) =>
        inventory.Storage.Where(s => s.Found.Any(f => f.Uuid == srUuid)).MaxBy(
            s => s.Found.Where(f => f.Uuid == srUuid).SelectMany(f => f.Metadata).Select(m => m.Generation).DefaultIfEmpty(-1).Max());

    /// <summary>Storage in words.</summary>
    public static string Place(StorageFacts storage) => $"{storage.Type} {DeviceConfigs.AsParameters(storage.DeviceConfig)}".TrimEnd();

    /// <summary>The connection of an SR that leads elsewhere than the storage that was probed; null if there is none.</summary>
    public static PbdFacts? OtherPlace(SrFacts here, StorageFacts storage) =>
        storage.SrUuid.Length > 0
            || (here.Type == storage.Type && here.Pbds.Any(p => IsSame(DeviceConfigs.Mask(p.DeviceConfig), storage.DeviceConfig)))
            ? null
            : here.Pbds.FirstOrDefault();

    // Paths are compared as they are written but for what means nothing in them: only the host could follow a link.
    private static bool IsSame(ImmutableSortedDictionary<string, string> one, ImmutableSortedDictionary<string, string> other) =>
        one.Count == other.Count && one.All(c => other.TryGetValue(c.Key, out var value) && Plain(c.Value) == Plain(value));

    private static string Plain(string value) =>
        value.StartsWith('/') ? "/" + string.Join('/', value.Split('/', StringSplitOptions.RemoveEmptyEntries)) : value;
}
