namespace Redoubt.XenApi;

/// <summary>
/// A server was not reached, broke off, or answered something that is not XenAPI. Whether a call that was under way took effect is not
/// known.
/// </summary>
public sealed class XenApiTransportException : Exception
{
    /// <summary>Says what went wrong, in words that name the server.</summary>
    public XenApiTransportException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
