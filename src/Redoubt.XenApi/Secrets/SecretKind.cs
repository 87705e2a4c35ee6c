namespace Redoubt.XenApi;

/// <summary>How a field holds secrets.</summary>
public enum SecretKind
{
    /// <summary>The field is one.</summary>
    Whole,

    /// <summary>A map that tells a driver or a service how to reach something: whatever may be a secret in it is taken for one.</summary>
    Connection,

    /// <summary>A map of anything, in which a value is a secret if its key says so.</summary>
    Named,
}
