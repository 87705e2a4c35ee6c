namespace Redoubt.Agreement;

/// <summary>
/// This host no longer coordinates the pool, or can't know whether it does. What it was about to write may have been written or not.
/// </summary>
public sealed class CoordinatorLostException(string message, Exception? inner = null) : Exception(message, inner);
