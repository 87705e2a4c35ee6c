using System.Collections.Immutable;
using Redoubt.Database.Journal;

namespace Redoubt.Inspection;

/// <summary>Whether a metadata volume can be believed.</summary>
/// <param name="Kind">What shows that it is its pool's.</param>
/// <param name="Explanation">The same in words, with what is left to do.</param>
/// <param name="SignedBy">The fingerprint of the key that has signed this very volume; null if none has.</param>
public sealed record StandingReport(VolumeStandingKind Kind, string Explanation, string? SignedBy)
{
    /// <summary>Where no pool is asked: what the volume alone shows. Pure.</summary>
    /// <param name="content">What was read of it.</param>
    /// <param name="poolUuid">The pool whose database it holds.</param>
    /// <param name="query">Which volume of which SR it is, if that is known.</param>
    internal static StandingReport Of(JournalContent content, string? poolUuid, InspectQuery query)
    {
        if (content.Proof.Signature is not { } signed)
        {
            return new(
                VolumeStandingKind.Unsigned,
                content.WrittenByRedoubt
                    ? "UNPROVEN: it is not signed, so a guest may have written it onto its disk."
                    : "UNPROVEN: xapi wrote it, or what looks like xapi. A genuine xapi signs nothing, so nothing tells it from what a "
                        + "guest has written onto its disk.",
                null);
        }

        return Is(signed.Pool, poolUuid) && Is(signed.Vdi, query.VdiUuid ?? $"{signed.Vdi:D}")
            && Is(signed.Sr, query.SrUuid ?? $"{signed.Sr:D}")
            ? new(
                VolumeStandingKind.Signed,
                $"signed as volume {signed.Vdi:D} of SR {signed.Sr:D}, with the key {signed.Fingerprint}. It is proven if that is what "
                    + "other-config:dr-metadata-key of its pool says.",
                signed.Fingerprint)
            : new(
                VolumeStandingKind.Copied,
                $"UNPROVEN: its signature is that of the volume {signed.Vdi:D} on SR {signed.Sr:D} of pool {signed.Pool:D}, "
                    + "from which it was copied.",
                null);
    }

    /// <summary>As a pool judges it, by <c>VDI.get_metadata_facts</c>; null if it says nothing, as of its own volumes.</summary>
    /// <param name="facts">What it said.</param>
    public static StandingReport? Of(ImmutableSortedDictionary<string, string> facts)
    {
        var key = facts.GetValueOrDefault("signed-by");
        return facts.GetValueOrDefault("standing") switch
        {
            "proven" => new(VolumeStandingKind.Proven, $"proven: signed with the key {key}, which this pool knows for its pool's.", key),
            "accepted" =>
                new(VolumeStandingKind.Accepted, "accepted: nothing proves it, and an operator here wants it to be believed.", key),
            "unproven" =>
                new(VolumeStandingKind.Unproven, $"UNPROVEN: {facts.GetValueOrDefault("unproven-because", "nothing proves it")}.", key),
            _ => null,
        };
    }

    private static bool Is(Guid signed, string? uuid) => Guid.TryParseExact(uuid, "D", out var there) && there == signed;
}
