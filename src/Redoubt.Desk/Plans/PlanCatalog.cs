using System.Collections.Immutable;

namespace Redoubt.Desk;

/// <summary>The saved plans there are.</summary>
/// <param name="Plans">Those that could be read: this pool's own first.</param>
/// <param name="Problems">What could not be read, and why.</param>
public sealed record PlanCatalog(ImmutableArray<SavedPlan> Plans, ImmutableArray<string> Problems);
