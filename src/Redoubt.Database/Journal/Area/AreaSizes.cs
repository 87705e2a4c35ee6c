namespace Redoubt.Database.Journal.Area;

/// <summary>How large the parts of a new area are made. The header of an area says how large they are in it.</summary>
/// <param name="DirectoryBytes">Each of the two copies of the directory of the history.</param>
/// <param name="ProofBytes">The proof records of one half.</param>
/// <param name="BlockBytes">The unit in which the history takes space.</param>
/// <param name="ZerosAheadBytes">How far proof records are zeroed ahead of their use; no part of the format.</param>
/// <param name="MinimumBlocks">A volume without room for so many blocks gets no area.</param>
internal sealed record AreaSizes(int DirectoryBytes, int ProofBytes, int BlockBytes, int ZerosAheadBytes, int MinimumBlocks)
{
    /// <summary>The sizes on storage. 16 MiB of proof records are 131,072 flushes between two full writes.</summary>
    public static AreaSizes Default { get; } = new(256 << 10, 16 << 20, 64 << 10, 64 << 10, 64);
}
