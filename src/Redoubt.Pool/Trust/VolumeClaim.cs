using System.Collections.Immutable;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Pool;

/// <summary>What a volume that looks like another pool's metadata says, as far as it matters for whether it is believed.</summary>
/// <param name="VdiUuid">The volume.</param>
/// <param name="SrUuid">The SR that it is on.</param>
/// <param name="PoolUuid">The pool whose database it says it holds.</param>
/// <param name="Signature">What is signed there; null if nothing is.</param>
/// <param name="Disks">The disks of its database that are no metadata volumes, by UUID.</param>
internal sealed record VolumeClaim(
    string VdiUuid, string SrUuid, string PoolUuid, VolumeSignature? Signature, ImmutableHashSet<string> Disks)
{
    /// <summary>The fingerprint of the key that has signed this very volume, for this pool; null if none has.</summary>
    public string? Key =>
        Signature is { } signed && Is(signed.Vdi, VdiUuid) && Is(signed.Sr, SrUuid) && Is(signed.Pool, PoolUuid)
            ? signed.Fingerprint
            : null;

    /// <summary>Why there is no such key, for an operator.</summary>
    public string WhyNoKey => Signature is { } signed
        ? $"its signature is that of the volume {signed.Vdi:D} on SR {signed.Sr:D} of pool {signed.Pool:D}, from which it was copied"
        : "it is not signed: a genuine xapi signs nothing, and a guest can't sign";

    private static bool Is(Guid signed, string uuid) => Guid.TryParseExact(uuid, "D", out var there) && there == signed;
}
