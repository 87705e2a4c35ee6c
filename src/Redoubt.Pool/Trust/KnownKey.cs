namespace Redoubt.Pool;

/// <summary>A pool's key, as this pool knows it.</summary>
/// <param name="Fingerprint">The key.</param>
/// <param name="IsFromFirstLook">Whether it is only what was found first, and neither an operator nor the pool itself has named it.</param>
internal sealed record KnownKey(string Fingerprint, bool IsFromFirstLook);
