using System.Runtime.InteropServices;

namespace Redoubt.Database.Journal.Area;

/// <summary>What a history has room for.</summary>
/// <param name="Blocks">How many blocks.</param>
/// <param name="BlockBytes">Bytes of each.</param>
/// <param name="Entries">How many entries, whatever their size.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct HistorySpace(int Blocks, int BlockBytes, int Entries)
{
    /// <summary>The blocks that so many stored bytes take.</summary>
    public int BlocksFor(long storedBytes) => (int)((storedBytes + BlockBytes - 1) / BlockBytes);
}
