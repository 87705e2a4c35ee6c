namespace Redoubt.Recovery;

/// <summary>Where a run stands.</summary>
public enum RunPhase
{
    /// <summary>It does its steps.</summary>
    Running,

    /// <summary>It waits for a person: the record has a question.</summary>
    Waiting,

    /// <summary>It stopped half way, because the daemon died in it or a step failed for good. It can be resumed or undone.</summary>
    Interrupted,

    /// <summary>It was asked to pause, and ends what it has begun.</summary>
    Pausing,

    /// <summary>It was paused: nothing is under way, and nothing is begun until somebody has it go on, stop or turn back.</summary>
    Paused,

    /// <summary>It was asked to stop, and ends what it has begun.</summary>
    Cancelling,

    /// <summary>It takes its steps back, the last one first.</summary>
    Undoing,

    /// <summary>It ended, and every VM is as was wanted.</summary>
    Succeeded,

    /// <summary>It ended, and not every VM is as was wanted.</summary>
    Partial,

    /// <summary>It ended, and no VM is as was wanted; or it failed and was undone.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>It was undone as an operator asked.</summary>
    Undone,
}
