namespace Redoubt.Compute;

/// <summary>What can't be kept of a domain, or should be known of it, and what to do about it.</summary>
/// <param name="Weight">What it means.</param>
/// <param name="Subject">What it is about, in libvirt's words: <c>vda</c>, <c>hostdev</c>.</param>
/// <param name="Text">The sentence.</param>
public sealed record AdoptionFinding(AdoptionWeight Weight, string Subject, string Text);
