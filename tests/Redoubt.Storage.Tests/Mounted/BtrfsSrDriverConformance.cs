using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class BtrfsSrDriverConformance() : LocalSrDriverConformance(FileSystemKind.Btrfs);
