namespace Redoubt.XenApi;

/// <summary>Something on the wire is not what the data model says it must be.</summary>
public sealed class WireFormatException : Exception
{
    /// <summary>Says what was expected and what was found.</summary>
    public WireFormatException(string expected, WireValue found)
        : this($"expected {expected}, found {found.Describe()}") => Expected = expected;

    /// <summary>Says what is wrong.</summary>
    public WireFormatException(string message, Exception? cause = null)
        : base(message, cause) => Expected = "";

    /// <summary>The type that was expected; empty if the text as a whole is malformed.</summary>
    public string Expected { get; }
}
