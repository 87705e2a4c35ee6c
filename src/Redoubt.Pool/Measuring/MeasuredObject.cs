namespace Redoubt.Pool.Measuring;

/// <summary>Something that is measured: a host or a VM.</summary>
/// <param name="IsHost">Which of the two.</param>
/// <param name="Uuid">Its UUID.</param>
internal readonly record struct MeasuredObject(bool IsHost, string Uuid)
{
    /// <summary>As it is named before its sources: <c>vm:UUID</c>.</summary>
    public override string ToString() => $"{(IsHost ? "host" : "vm")}:{Uuid}";
}
