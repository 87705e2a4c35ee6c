namespace Redoubt.XenApi;

/// <summary>How references are spelled.</summary>
public static class RefText
{
    /// <summary>The null reference.</summary>
    public const string Null = "OpaqueRef:NULL";

    /// <summary>What every other reference begins with; a UUID's text follows.</summary>
    public const string Prefix = "OpaqueRef:";

    /// <summary>The reference made of a UUID.</summary>
    public static string Of(Guid id) => Prefix + id.ToString("D");
}
