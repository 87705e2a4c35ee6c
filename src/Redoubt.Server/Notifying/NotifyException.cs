namespace Redoubt.Server.Notifying;

/// <summary>A notice could not be sent; says why, in a sentence.</summary>
public sealed class NotifyException(string message, Exception? cause = null) : Exception(message, cause);
