namespace Redoubt.Database;

/// <summary>How a durable copy of the database stands, and why. A value, replaced whole.</summary>
/// <param name="Health">How it stands.</param>
/// <param name="Reason">What is wrong with it, in words; <see langword="null"/> when nothing is.</param>
/// <param name="Since">Since when.</param>
public sealed record JournalStanding(JournalHealth Health, string? Reason = null, DateTimeOffset? Since = null)
{
    /// <summary>Before anything was written.</summary>
    public static JournalStanding Unwritten { get; } = new(JournalHealth.Broken);

    /// <summary>Whether what lies at its path is no longer what was written to, so that trying again there may not be enough.</summary>
    public bool IsDisplaced { get; init; }

    /// <summary>How it stands after something has happened. Pure.</summary>
    internal JournalStanding Next(JournalEvent happened) => (Health, happened) switch
    {
        // Only whoever takes the volume over anew, with a journal of its own, ends that.
        (JournalHealth.Superseded, _) => this,
        (_, JournalEvent.Superseded other) => new(JournalHealth.Superseded, other.Reason, other.At),
        // What was once found displaced stays so until it is written again: a later try may fail in a way that does not tell.
        (_, JournalEvent.Failed failed) =>
            new(JournalHealth.Broken, failed.Reason, Since ?? failed.At) { IsDisplaced = IsDisplaced || failed.IsDisplaced },
        // The half that counts has every change while the other is being written, and changes go on waiting for it.
        (JournalHealth.Healthy, JournalEvent.StartedOver) => this,
        (_, JournalEvent.StartedOver) => this with { Health = JournalHealth.CatchingUp },
        (JournalHealth.CatchingUp, JournalEvent.Joined) => new(JournalHealth.Healthy),
        (_, JournalEvent.Joined) => this,
        (JournalHealth.Healthy, JournalEvent.Lagged) => new(JournalHealth.CatchingUp),
        (_, JournalEvent.Lagged) => this,
        _ => throw new InvalidOperationException($"{happened} cannot happen to a journal"),
    };
}
