namespace Redoubt.Server.Notifying;

/// <summary>How a target stands.</summary>
/// <param name="Target">What it is.</param>
/// <param name="Waiting">How many messages are still to be sent there.</param>
/// <param name="Failure">Why the last try failed; null if it did not.</param>
internal sealed record NotifyState(string Target, int Waiting, string? Failure);
