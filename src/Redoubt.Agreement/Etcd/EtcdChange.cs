namespace Redoubt.Agreement;

/// <summary>A change that somebody who watches keys is told of.</summary>
/// <param name="Value">What the key holds now; of one that was removed, only key and revision count.</param>
/// <param name="IsRemoval">Whether the key was removed.</param>
public sealed record EtcdChange(EtcdValue Value, bool IsRemoval);
