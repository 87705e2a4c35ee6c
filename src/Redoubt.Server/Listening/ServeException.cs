namespace Redoubt.Server.Listening;

/// <summary>The server can't start as it was told to; the message says what to change. Nothing has been left running.</summary>
public sealed class ServeException : Exception
{
    /// <summary>Says what is wrong.</summary>
    public ServeException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
