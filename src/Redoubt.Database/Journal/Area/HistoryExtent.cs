using System.Runtime.InteropServices;

namespace Redoubt.Database.Journal.Area;

/// <summary>A run of blocks.</summary>
/// <param name="First">The first block, counted from 0.</param>
/// <param name="Count">How many.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HistoryExtent(int First, int Count);
