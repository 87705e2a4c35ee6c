using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>What <see cref="PoolKeys"/> keeps.</summary>
/// <param name="Own">The id of the key with which the pool seals.</param>
/// <param name="Keys">All keys, the own one among them.</param>
/// <param name="Exports">Who has been given keys.</param>
internal sealed record HeldKeys(string Own, ImmutableArray<HeldKey> Keys, ImmutableArray<KeyExport> Exports);
