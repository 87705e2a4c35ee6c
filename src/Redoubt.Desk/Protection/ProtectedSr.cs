namespace Redoubt.Desk;

/// <summary>An SR that holds this pool's metadata.</summary>
/// <param name="Uuid">The SR.</param>
/// <param name="Name">Its name.</param>
/// <param name="Health"><c>healthy</c>, <c>catching-up</c>, <c>broken</c>, <c>superseded</c> or <c>detached</c>.</param>
/// <param name="GenerationsBehind">How many changes the copy there lacks; null if it is not known.</param>
/// <param name="Reason">Why it is broken or superseded; null if it is neither.</param>
/// <param name="BrokenSince">Since when it is.</param>
public sealed record ProtectedSr(
    string Uuid, string Name, string Health, long? GenerationsBehind, string? Reason, DateTimeOffset? BrokenSince)
{
    internal static ProtectedSr Of(SrView sr, Replication copy) =>
        new(sr.Uuid, sr.Name, copy.Health, copy.Behind, copy.Reason.Length > 0 ? copy.Reason : null, copy.BrokenSince);
}
