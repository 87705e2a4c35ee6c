namespace Redoubt.Storage;

/// <summary>What an attached SR is attached for, and whether it still is.</summary>
/// <param name="uuid">The SR.</param>
/// <param name="access">How it is attached.</param>
internal sealed class SrHold(SrUuid uuid, SrAccess access)
{
    private volatile bool _hasEnded;

    /// <summary>The SR.</summary>
    public SrUuid Uuid => uuid;

    /// <summary>How it is attached.</summary>
    public SrAccess Access => access;

    /// <summary>Nothing more is done with it.</summary>
    public void End() => _hasEnded = true;

    /// <summary>Makes sure that it is attached, and for this.</summary>
    /// <param name="wanted">What is to be done with it.</param>
    /// <exception cref="XenApi.XenApiException">It is not.</exception>
    public void Require(SrAccess wanted = SrAccess.ReadOnly)
    {
        if (_hasEnded)
            throw SrFailure.NotAttached(uuid);
        if (wanted == SrAccess.ReadWrite && access == SrAccess.ReadOnly)
            throw SrFailure.ReadOnly(uuid);
    }
}
