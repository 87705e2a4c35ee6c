namespace Redoubt.Desk;

/// <summary>How much something matters that is not as it should be; the worst first.</summary>
public enum ProblemWeight
{
    /// <summary>A disaster now would cost something that everybody believes to be safe, or something stands still.</summary>
    Bad,

    /// <summary>Something is not safe, or nobody knows whether it is.</summary>
    Warning,

    /// <summary>It is so, and may be meant so.</summary>
    Notice,
}
