namespace Redoubt.Recovery;

/// <summary>A step can't be done, for a reason that no server gave.</summary>
internal sealed class StepFailedException(string message) : Exception(message);
