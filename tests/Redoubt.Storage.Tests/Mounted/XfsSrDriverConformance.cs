using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class XfsSrDriverConformance() : LocalSrDriverConformance(FileSystemKind.Xfs);
