namespace Redoubt.Server.Listening;

/// <summary>The server can't start as it was told to; the message says what to change. Nothing has been left running.</summary>
public sealed class ServeException : Exception
{
    /// <summary>Says what is wrong.</summary>
    public ServeException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }

    /// <summary>Takes or reads what a start needs of its directory.</summary>
    /// <exception cref="ServeException">It can't be had, or is garbled.</exception>
    internal static T Of<T>(Func<T> get)
    {
        try
        {
            return get();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ServeException(e.Message, e);
        }
    }
}
