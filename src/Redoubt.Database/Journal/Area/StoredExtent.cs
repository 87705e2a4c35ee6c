using System.Runtime.InteropServices;

namespace Redoubt.Database.Journal.Area;

/// <summary>A stretch of the volume.</summary>
/// <param name="Offset">Where it begins, from the start of the volume, so that it is found without the header of the area.</param>
/// <param name="Bytes">How long it is.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StoredExtent(long Offset, long Bytes);
