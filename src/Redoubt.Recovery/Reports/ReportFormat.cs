namespace Redoubt.Recovery;

/// <summary>How a report is written.</summary>
public enum ReportFormat
{
    /// <summary>One file that needs nothing else.</summary>
    Html,

    /// <summary>Markdown.</summary>
    Markdown,

    /// <summary>JSON.</summary>
    Json,
}
