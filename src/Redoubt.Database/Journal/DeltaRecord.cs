using System.Buffers;

namespace Redoubt.Database.Journal;

/// <summary>
/// The frame of one delta in the log: length, delta, generation, marker. <see cref="HalfReader"/> reads it, in pieces, for it must not
/// trust the length before it has seen the marker.
/// </summary>
internal static class DeltaRecord
{
    /// <summary>Appends the record.</summary>
    public static void Encode(Delta delta, long generation, ReadOnlySpan<byte> marker, ArrayBufferWriter<byte> output)
    {
        // The length comes first and is known last. A batch lies in one array, so it can be filled in afterwards.
        var start = output.WrittenCount;
        output.GetSpan(JournalLayout.NumberBytes)[..JournalLayout.NumberBytes].Clear();
        output.Advance(JournalLayout.NumberBytes);
        DeltaCodec.Encode(delta, output);
        var length = output.WrittenCount - start - JournalLayout.NumberBytes;
        var trailer = output.GetSpan(JournalLayout.TrailerBytes);
        JournalNumber.Write(generation, trailer[..JournalLayout.NumberBytes]);
        marker.CopyTo(trailer[JournalLayout.NumberBytes..]);
        output.Advance(JournalLayout.TrailerBytes);
        var digits = System.Runtime.InteropServices.MemoryMarshal.AsMemory(output.WrittenMemory).Span.Slice(
            start, JournalLayout.NumberBytes);
        JournalNumber.Write(length, digits);
    }
}
