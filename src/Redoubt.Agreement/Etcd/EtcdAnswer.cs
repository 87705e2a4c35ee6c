using System.Collections.Immutable;

namespace Redoubt.Agreement;

/// <summary>How a transaction went.</summary>
/// <param name="Done">Whether its conditions held, so that it was done.</param>
/// <param name="Revision">The revision of the store afterwards; it is that of each change that the transaction has made.</param>
/// <param name="Reads">What its reads found, in their order.</param>
public sealed record EtcdAnswer(bool Done, long Revision, ImmutableArray<ImmutableArray<EtcdValue>> Reads);
