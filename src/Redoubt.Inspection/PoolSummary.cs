namespace Redoubt.Inspection;

/// <summary>Whose database it is.</summary>
/// <param name="Uuid">The pool's UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Coordinator">The name of its coordinator.</param>
public sealed record PoolSummary(string Uuid, string NameLabel, string? Coordinator);
