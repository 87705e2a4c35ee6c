namespace Redoubt.Pool;

/// <summary>Where a copy of the pool's database lies.</summary>
/// <param name="Path">The metadata volume.</param>
/// <param name="Sr">The UUID of its SR.</param>
/// <param name="SrName">The SR's name when it was last attached.</param>
/// <param name="Pool">The UUID of the pool.</param>
/// <param name="On">What has to be mounted for the path to lead there, in words; null: nothing that this daemon mounts.</param>
internal sealed record KnownCopy(string Path, string Sr, string SrName, string Pool, string? On = null);
