namespace Redoubt.Inspection;

/// <summary>What shows that a metadata volume is the pool's, and not what a guest has written onto its disk.</summary>
public enum VolumeStandingKind
{
    /// <summary>It is signed, and nothing that is known here says by whom: the key is to be compared with that of its pool.</summary>
    Signed,

    /// <summary>Its signature is that of another volume, from which it was copied.</summary>
    Copied,

    /// <summary>It is not signed, as nothing is that a genuine xapi wrote.</summary>
    Unsigned,

    /// <summary>This pool knows the key that has signed it for its pool's.</summary>
    Proven,

    /// <summary>Nothing proves it; an operator of this pool wants it to be believed.</summary>
    Accepted,

    /// <summary>Nothing proves it to this pool.</summary>
    Unproven,
}
