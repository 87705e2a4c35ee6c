namespace Redoubt.Compute;

/// <summary>What came of asking a guest to let a device go.</summary>
public enum UnplugResult
{
    /// <summary>The guest has it no more.</summary>
    Gone,

    /// <summary>The guest said no.</summary>
    Rejected,

    /// <summary>The guest has not answered within the limit. It may still let it go later, at the latest when it restarts.</summary>
    Unanswered,
}
