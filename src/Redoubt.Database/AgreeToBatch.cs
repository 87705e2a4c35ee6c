using System.Collections.Immutable;
using Redoubt.Database.Journal;

namespace Redoubt.Database;

/// <summary>Has the hosts of a pool agree to a batch of changes. When it answers, a majority of them has it for good.</summary>
/// <param name="state">The database after it.</param>
/// <param name="keys">Seals secrets; <see langword="null"/> to leave them in clear.</param>
/// <param name="transactions">What is persistent of it; never empty.</param>
public delegate Task AgreeToBatch(DatabaseState state, KeyRing? keys, ImmutableArray<JournalTransaction> transactions);
