namespace Redoubt.Recovery;

/// <summary>What phases mean.</summary>
public static class RunPhases
{
    /// <summary>Whether something is being done in it at this moment.</summary>
    public static bool IsMoving(this RunPhase phase) => phase switch
    {
        RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing => true,
        RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused => false,
        RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled or RunPhase.Undone => false,
    };

    /// <summary>Whether nothing will happen any more by itself, and nothing is left half done.</summary>
    public static bool IsFinal(this RunPhase phase) => phase switch
    {
        RunPhase.Running or RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Pausing or RunPhase.Paused or RunPhase.Cancelling or RunPhase.Undoing => false,
        RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled or RunPhase.Undone => true,
    };
}
