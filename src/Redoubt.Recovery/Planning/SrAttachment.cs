using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>How an SR that is not here could be attached: as a probe found it, else as its own pool has it.</summary>
/// <param name="Sr">The SR.</param>
/// <param name="Type">The kind of storage.</param>
/// <param name="DeviceConfig">How it is reached, secrets masked.</param>
internal sealed record SrAttachment(PlanObject Sr, string Type, ImmutableSortedDictionary<string, string> DeviceConfig)
{
    public string Command => AttachCommand.Write(Type, DeviceConfig, Sr.Uuid);

    public static SrAttachment? Find(PlanScene scene, string uuid)
    {
        var probed = ProbedCopies.NewestPlace(scene.Inventory, uuid) is { } place
            ? new SrAttachment(new(ObjectKind.Sr, uuid, place.Found.First(f => f.Uuid == uuid).Name), place.Type, place.DeviceConfig)
            : null;
        var recorded = scene.Disks.FirstOrDefault(d => d.Recorded.SrUuid == uuid)?.RecordedSr;
        return probed
            ?? (recorded is { IsShared: true, Pbds: [var pbd, ..] } ? new(PlanObject.Of(recorded), recorded.Type, pbd.DeviceConfig) : null);
    }
}
