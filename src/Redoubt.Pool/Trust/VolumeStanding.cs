namespace Redoubt.Pool;

/// <summary>What is believed of a volume that looks like another pool's metadata.</summary>
internal abstract record VolumeStanding
{
    private VolumeStanding()
    {
    }

    /// <summary>It is the pool's: signed as this very volume with the key that is known to be that pool's.</summary>
    /// <param name="Key">The fingerprint of the key.</param>
    internal sealed record Proven(string Key) : VolumeStanding;

    /// <summary>Nothing proves it, and the operator has said that it is to be believed.</summary>
    internal sealed record Accepted : VolumeStanding;

    /// <summary>Nothing proves it. It is shown and can be looked into; nothing is recovered from it unless the operator says so.</summary>
    /// <param name="Why">Why, for an operator.</param>
    internal sealed record Unproven(string Why) : VolumeStanding;

    /// <summary>It is a disk of a VM, whatever the VM has written onto it.</summary>
    internal sealed record Disk : VolumeStanding;
}
