namespace Redoubt.Compute;

/// <summary>
/// The hypervisor could not do what it was asked, in words for an operator: what is wrong, with which object, and what to do next.
/// </summary>
/// <remarks>
/// The pool layer, which knows the refs, turns <see cref="Failure"/> into a XenAPI error code; here are no refs.
/// </remarks>
public sealed class HypervisorException : Exception
{
    /// <summary>Makes the failure.</summary>
    public HypervisorException(HypervisorFailure failure, string subject, string problem, string advice, Exception? cause = null)
        : base($"{problem} {advice}", cause)
    {
        Failure = failure;
        Subject = subject;
        Problem = problem;
        Advice = advice;
    }

    /// <summary>Which case it is.</summary>
    public HypervisorFailure Failure { get; }

    /// <summary>The object it is about: a path, a bridge, a UUID, a URI, a library.</summary>
    public string Subject { get; }

    /// <summary>What is wrong, a sentence.</summary>
    public string Problem { get; }

    /// <summary>What to do next, a sentence.</summary>
    public string Advice { get; }

    /// <summary>With <see cref="HypervisorFailure.NotEnoughMemory"/>: what the guest needs, in bytes.</summary>
    public long? NeededBytes { get; init; }

    /// <summary>With <see cref="HypervisorFailure.NotEnoughMemory"/>: what the host has, in bytes.</summary>
    public long? AvailableBytes { get; init; }
}
