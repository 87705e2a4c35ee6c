namespace Redoubt.Compute;

/// <summary>Whether guests run under KVM on this host.</summary>
/// <param name="Works">A guest ran, and said so.</param>
/// <param name="Reason">Why not, or how it is known; a clause without a full stop.</param>
internal sealed record KvmAnswer(bool Works, string Reason);
