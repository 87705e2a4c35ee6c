namespace Redoubt.Compute;

/// <summary>What a finding means for whoever wants to adopt a domain.</summary>
public enum AdoptionWeight
{
    /// <summary>It can't be adopted as it is.</summary>
    Block,

    /// <summary>Something of it would be lacking at another site.</summary>
    Warning,

    /// <summary>Worth knowing.</summary>
    Info,
}
