using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>A VM's virtual TPM.</summary>
/// <param name="Contents">What the database has of what it keeps.</param>
/// <param name="IsUnique">Whether what it keeps is never copied, and so not into a test.</param>
public sealed record TpmFacts(TpmContentsState Contents, bool IsUnique);
