namespace Redoubt.Recovery;

/// <summary>What was asked of a run can't be done, or not now. The message says why, and what to do.</summary>
public sealed class RunRefusedException : Exception
{
    /// <summary>Refuses with a reason in words.</summary>
    public RunRefusedException(string message)
        : base(message)
    {
    }
}
