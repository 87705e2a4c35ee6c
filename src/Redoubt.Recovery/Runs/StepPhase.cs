namespace Redoubt.Recovery;

/// <summary>Where a step of a run stands.</summary>
public enum StepPhase
{
    /// <summary>Its turn has not come.</summary>
    Pending,

    /// <summary>It was begun. After the death of a daemon it may or may not be done; it is then repeated.</summary>
    Running,

    /// <summary>It waits for a person.</summary>
    Waiting,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It is done for some of its VMs.</summary>
    Partial,

    /// <summary>It could not be done.</summary>
    Failed,

    /// <summary>It was left out.</summary>
    Skipped,

    /// <summary>Taking it back was begun.</summary>
    Undoing,

    /// <summary>It was taken back.</summary>
    Undone,

    /// <summary>It could not be taken back.</summary>
    UndoFailed,
}
