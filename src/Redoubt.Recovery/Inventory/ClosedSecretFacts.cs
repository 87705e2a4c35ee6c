namespace Redoubt.Recovery;

/// <summary>A secret of a pool's metadata that the server which reads them can't open.</summary>
/// <param name="Class">The class of what it belongs to: <c>VM</c>, <c>SR</c>, …</param>
/// <param name="Uuid">What it belongs to.</param>
/// <param name="Name">Its name.</param>
/// <param name="Field">Where it stands, <c>PBD.device_config:chappassword</c>.</param>
/// <param name="KeyId">The key that opens it.</param>
public sealed record ClosedSecretFacts(string Class, string Uuid, string Name, string Field, string KeyId);
