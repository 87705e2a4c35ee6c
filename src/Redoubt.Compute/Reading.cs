namespace Redoubt.Compute;

/// <summary>One number that a host or a guest shows.</summary>
/// <param name="Vm">The VM; <see langword="null"/>: the host itself.</param>
/// <param name="Source">
/// What it is, by XenServer's name: <c>cpu0</c>, <c>memory</c>, <c>vbd_xvda_read</c>. An interface's is named by its MAC, which is all
/// that is known of it here: <c>vif_52:54:00:00:00:01_rx</c>.
/// </param>
/// <param name="IsCounter">Whether it only grows, and what counts is by how much in a second.</param>
/// <param name="Value">The number, in the unit that the source has.</param>
public sealed record Reading(Guid? Vm, string Source, bool IsCounter, double Value);
