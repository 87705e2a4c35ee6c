namespace Redoubt.Server.Audit;

/// <summary>An object that a call was about, as it was called before the call.</summary>
internal sealed record AuditedObject(string Class, string Uuid, string Name);
