namespace Redoubt.Cli.Serving;

/// <summary>How something stands that <c>redoubt doctor</c> looks at.</summary>
internal enum DoctorStanding
{
    /// <summary>It is as it should be.</summary>
    Good,

    /// <summary>A pool runs with it, and not as well as it could.</summary>
    Warning,

    /// <summary>No pool runs with it.</summary>
    Bad,

    /// <summary>It was not looked at; the text says why.</summary>
    NotChecked,
}
