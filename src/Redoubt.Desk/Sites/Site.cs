namespace Redoubt.Desk;

/// <summary>Another pool that this daemon may ask, or recover into. Its password is not among what is told.</summary>
public sealed record Site
{
    /// <summary>What it is called here.</summary>
    public required string Name { get; init; }

    /// <summary>Its URL.</summary>
    public required string Address { get; init; }

    /// <summary>Who logs in there.</summary>
    public required string User { get; init; }

    /// <summary>The UUID of its pool.</summary>
    public required string PoolUuid { get; init; }

    /// <summary>The name of its pool when the site was added.</summary>
    public required string PoolName { get; init; }

    /// <summary>The SHA-256 of the certificate that it had when it was added, the only one that is accepted; null for plain HTTP.</summary>
    public string? Certificate { get; init; }

    /// <summary>Who added it.</summary>
    public required string AddedBy { get; init; }

    /// <summary>When it was added.</summary>
    public required DateTimeOffset AddedAt { get; init; }
}
