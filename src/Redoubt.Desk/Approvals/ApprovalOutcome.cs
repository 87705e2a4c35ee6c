namespace Redoubt.Desk;

/// <summary>Where a request for approval stands.</summary>
public enum ApprovalOutcome
{
    /// <summary>Nobody has said anything yet.</summary>
    Waiting,

    /// <summary>Another person has approved; it may be done once.</summary>
    Approved,

    /// <summary>Whoever asked has taken it on themselves; it may be done once.</summary>
    Overridden,

    /// <summary>Another person has refused.</summary>
    Refused,

    /// <summary>It has been done.</summary>
    Used,
}
