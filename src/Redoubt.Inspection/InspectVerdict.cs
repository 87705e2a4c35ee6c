namespace Redoubt.Inspection;

/// <summary>How much of a database can be had.</summary>
public enum InspectVerdict
{
    /// <summary>All of it.</summary>
    Intact,

    /// <summary>Up to some generation; later changes are lost.</summary>
    Cut,

    /// <summary>An older state from the half that does not count.</summary>
    OlderHalf,

    /// <summary>A metadata volume to which nothing has been written.</summary>
    Empty,

    /// <summary>A metadata volume or dump that is too damaged.</summary>
    Unusable,

    /// <summary>Something else.</summary>
    NotADatabase,

    /// <summary>The device or file does not give its bytes.</summary>
    Unreadable,
}
