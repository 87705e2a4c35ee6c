using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class ExtSrDriverConformance() : LocalSrDriverConformance(FileSystemKind.Ext);
