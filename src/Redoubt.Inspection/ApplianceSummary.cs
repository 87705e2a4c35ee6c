namespace Redoubt.Inspection;

/// <summary>A vApp.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Members">Its VMs in the order in which they are started.</param>
public sealed record ApplianceSummary(string Uuid, string NameLabel, IReadOnlyList<ApplianceMember> Members);
