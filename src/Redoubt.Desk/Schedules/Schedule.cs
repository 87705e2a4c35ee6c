namespace Redoubt.Desk;

/// <summary>A test failover that runs by itself.</summary>
public sealed record Schedule
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The saved plan that is tested.</summary>
    public required string Plan { get; init; }

    /// <summary>When, in cron's five fields, UTC.</summary>
    public required string Cron { get; init; }

    /// <summary>Who made it; the test runs with their rights.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is due next; null if it never is.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>How it went the last time that it was due and the daemon ran; null before.</summary>
    public ScheduleResult? Last { get; init; }

    /// <summary>
    /// The last time that it was due and nothing was started, because the daemon did not run or was stopped in it; null if there was none.
    /// </summary>
    public DateTimeOffset? LastMissed { get; init; }

    /// <summary>How often that has happened since the last test that was started.</summary>
    public int Missed { get; init; }
}
