namespace Redoubt.Desk;

/// <summary>What came of checking a signed text. A closed set.</summary>
public abstract record SignedTextCheck
{
    private SignedTextCheck()
    {
    }

    /// <summary>It is what was signed.</summary>
    /// <param name="PoolUuid">The pool that signed it, as it says itself.</param>
    /// <param name="Fingerprint">The fingerprint of the key.</param>
    public sealed record Genuine(string PoolUuid, string Fingerprint) : SignedTextCheck;

    /// <summary>It is not.</summary>
    /// <param name="Why">What is wrong, and where, in sentences.</param>
    public sealed record Refused(string Why) : SignedTextCheck;
}
