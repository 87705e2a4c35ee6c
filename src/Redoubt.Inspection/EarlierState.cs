namespace Redoubt.Inspection;

/// <summary>An earlier state that a volume keeps.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="WrittenAt">When the database was so, by the clock of its writer.</param>
/// <param name="Vms">How many VMs it had.</param>
public sealed record EarlierState(long Generation, DateTimeOffset WrittenAt, int Vms);
