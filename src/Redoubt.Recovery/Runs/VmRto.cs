namespace Redoubt.Recovery;

/// <summary>How long it took in a run until one VM was where it was wanted.</summary>
/// <param name="Run">The run's UUID.</param>
/// <param name="Vm">The VM's UUID at its source, which the recovered one keeps unless it is a test's.</param>
/// <param name="Rto">From the decision; null if it never came there.</param>
public sealed record VmRto(string Run, string Vm, TimeSpan? Rto);
