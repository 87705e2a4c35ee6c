namespace Redoubt.Inspection;

/// <summary>A VM's place in its vApp.</summary>
/// <param name="Uuid">The VM's UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Order">Its tier; lower ones start first.</param>
/// <param name="StartDelaySeconds">How long to wait after its start.</param>
/// <param name="ShutdownDelaySeconds">How long to wait after its shutdown.</param>
public sealed record ApplianceMember(string Uuid, string NameLabel, long Order, long StartDelaySeconds, long ShutdownDelaySeconds);
