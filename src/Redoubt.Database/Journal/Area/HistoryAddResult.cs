namespace Redoubt.Database.Journal.Area;

/// <summary>How adding a state to the history went.</summary>
public enum HistoryAddResult
{
    /// <summary>It is durable.</summary>
    Added,

    /// <summary>The newest entry is of the same generation and pool.</summary>
    AlreadyThere,

    /// <summary>Only states that are worth more could make way for it.</summary>
    NoSpace,

    /// <summary>The volume has no area, or no database of this writer yet.</summary>
    NoArea,
}
