namespace Redoubt.Database.Journal.Area;

/// <summary>What our area proves about a state.</summary>
/// <param name="Standing">How far the proof reaches.</param>
public sealed record JournalProof(ProofStanding Standing)
{
    /// <summary>No proof.</summary>
    public static JournalProof None { get; } = new(ProofStanding.None);

    /// <summary>The generation up to which the state is proven.</summary>
    public long? Generation { get; init; }

    /// <summary>When that was written.</summary>
    public DateTimeOffset? WrittenAt { get; init; }

    /// <summary>Whose volume it is, as the area says; <see langword="null"/> where there is none.</summary>
    public PoolIdentity? Pool { get; init; }

    /// <summary>Which daemon writes the volume, as the area says; <see langword="null"/> where none has said so.</summary>
    public VolumeOwner? Owner { get; init; }

    /// <summary>
    /// Records behind the state that are torn, but that the area shows never to have been acknowledged: a crash in the middle of a
    /// flush. Nothing that anyone was promised is missing.
    /// </summary>
    public JournalDamage? Unacknowledged { get; init; }

    /// <summary>
    /// Which pool's key has signed that this is its volume, and the half that the state came from; <see langword="null"/> where nobody has.
    /// Whether it is the key of that pool, and this the volume that was signed, is for whoever knows the key and the volume's name to say.
    /// </summary>
    public VolumeSignature? Signature { get; init; }

    /// <summary>What is wrong with the area itself; the log does not suffer from it.</summary>
    public string? Problem { get; init; }
}
