namespace Redoubt.Recovery;

/// <summary>How a report's verdict is to be taken at a glance.</summary>
internal enum ReportTone
{
    /// <summary>All is as was wanted, and every target is kept.</summary>
    Good,

    /// <summary>It is not over.</summary>
    Open,

    /// <summary>Something is not as was wanted.</summary>
    Bad,
}
