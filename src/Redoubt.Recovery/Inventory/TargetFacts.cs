namespace Redoubt.Recovery;

/// <summary>The pool that is to take VMs in.</summary>
/// <param name="Origin">Where this was read.</param>
/// <param name="Database">Its own database.</param>
/// <param name="MayRecover">Whether the operator's role suffices to recover there; null if the server does not tell.</param>
public sealed record TargetFacts(Origin Origin, DatabaseFacts Database, bool? MayRecover);
