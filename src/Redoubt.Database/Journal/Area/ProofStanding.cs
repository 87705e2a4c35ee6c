namespace Redoubt.Database.Journal.Area;

/// <summary>How far our area proves a state.</summary>
public enum ProofStanding
{
    /// <summary>There is no proof: the volume has no area, or what it says of this half cannot be read.</summary>
    None,

    /// <summary>
    /// There is proof, of what lay there before someone else wrote, xapi most likely. It says nothing about what lies there now.
    /// </summary>
    Stale,

    /// <summary>The state is proven up to a generation; what follows is in order as far as the format can tell.</summary>
    Partial,

    /// <summary>Every byte that the state was made from is as it was written.</summary>
    Whole,
}
