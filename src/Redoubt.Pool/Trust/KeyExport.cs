namespace Redoubt.Pool;

/// <summary>An export of the pool's key: who has it.</summary>
/// <param name="Recipient">Who it was made for.</param>
/// <param name="KeyId">The key that was the pool's own then.</param>
/// <param name="At">When.</param>
internal sealed record KeyExport(string Recipient, string KeyId, DateTimeOffset At);
