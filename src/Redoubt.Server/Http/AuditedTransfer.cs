using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>Which objects a transfer is about, for the audit log.</summary>
internal sealed record AuditedTransfer(ClassModel Class, IReadOnlyList<string> References);
