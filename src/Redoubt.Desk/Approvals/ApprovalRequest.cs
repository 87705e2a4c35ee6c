using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>That somebody wants to do what needs two persons, and what became of that.</summary>
public sealed record ApprovalRequest
{
    /// <summary>By what it is named.</summary>
    public required string Id { get; init; }

    /// <summary>What is to be done.</summary>
    public required GuardedAct Act { get; init; }

    /// <summary>To what; the same when it is asked again.</summary>
    public required string Subject { get; init; }

    /// <summary>The same for people, as a clause.</summary>
    public required string What { get; init; }

    /// <summary>Who asks.</summary>
    public required string By { get; init; }

    /// <summary>Who that is, whatever their name: the identifier of their subject.</summary>
    public required string ByIdentity { get; init; }

    /// <summary>When they asked.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Until when it can be approved, or what was approved can be done.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Where it stands.</summary>
    public ApprovalOutcome Outcome { get; init; }

    /// <summary>Who approved, refused or overrode it.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>What they said to it.</summary>
    public string? Statement { get; init; }

    /// <summary>Whether whoever asked took it on themselves.</summary>
    public bool IsOverride { get; init; }
}
