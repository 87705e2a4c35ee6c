using System.Text;

namespace Redoubt.Database.Journal;

/// <summary>The frame of the database record of a half: everything but the database.</summary>
internal readonly record struct DatabaseFrame(byte[] Marker, long Start, long Length, long Generation, long End)
{
    /// <summary>Whether Redoubt wrote it.</summary>
    public bool IsOurs => JournalMarker.IsOurs(Marker);

    /// <summary>The marker as text.</summary>
    public string MarkerText => Encoding.Latin1.GetString(Marker);

    /// <summary>Reads the frame at the start of a half, or says what is wrong with it.</summary>
    public static DatabaseFrame? Read(JournalBytes bytes, JournalLayout layout, JournalHalf half, out string problem)
    {
        problem = "";
        var start = layout.StartOf(half);
        var head = new byte[JournalLayout.MarkerBytes + JournalLayout.NumberBytes];
        if (bytes.ReadAt(start, head) < head.Length)
        {
            problem = "the volume ends before the database";
            return null;
        }

        if (!head.AsSpan().ContainsAnyExcept((byte)0))
        {
            problem = "the half has never been written";
            return null;
        }

        var digits = head.AsSpan(JournalLayout.MarkerBytes);
        if (JournalNumber.Parse(digits) is not { } length || length == 0)
        {
            problem = digits.ContainsAnyExcept((byte)0, (byte)'0')
                ? "the length of the database is no number"
                : "the database was not written to its end";
            return null;
        }

        if (length > layout.HalfBytes - JournalLayout.DatabaseFrameBytes)
        {
            problem = $"the database claims {length} bytes, more than a half holds";
            return null;
        }

        var content = start + head.Length;
        Span<byte> trailer = stackalloc byte[JournalLayout.TrailerBytes];
        if (bytes.ReadAt(content + length, trailer) < trailer.Length)
        {
            problem = "the volume ends inside the database";
            return null;
        }

        var marker = head[..JournalLayout.MarkerBytes];
        if (!trailer[JournalLayout.NumberBytes..].SequenceEqual(marker))
        {
            problem = "the markers before and after the database differ";
            return null;
        }

        if (JournalNumber.ParseGeneration(trailer[..JournalLayout.NumberBytes]) is not { } generation)
        {
            problem = "the generation of the database is no number";
            return null;
        }

        return new DatabaseFrame(marker, content, length, generation, content + length + trailer.Length);
    }
}
