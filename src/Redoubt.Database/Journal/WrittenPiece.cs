namespace Redoubt.Database.Journal;

/// <summary>Some bytes that were written to a volume and must be there.</summary>
/// <param name="At">Where in the volume.</param>
/// <param name="Bytes">What.</param>
/// <param name="Name">What it is, in words.</param>
internal sealed record WrittenPiece(long At, ReadOnlyMemory<byte> Bytes, string Name);
