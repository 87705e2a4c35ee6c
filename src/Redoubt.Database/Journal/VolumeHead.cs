using System.Text;

namespace Redoubt.Database.Journal;

/// <summary>Says in words what a volume that is no redo log begins with.</summary>
internal static class VolumeHead
{
    /// <summary>Describes the first bytes.</summary>
    public static string Describe(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty)
            return "nothing: the volume has no bytes";
        if (!head.ContainsAnyExcept((byte)0))
            return "zeros: the volume was never initialised";
        if (head.StartsWith((ReadOnlySpan<byte>)[(byte)'Q', (byte)'F', (byte)'I', 0xfb]))
            return "a qcow2 image; the log is inside and must be read through it";
        if (head.StartsWith("conectix"u8))
            return "a VHD image; the log is inside and must be read through it";
        if (head.StartsWith("vhdxfile"u8))
            return "a VHDX image; the log is inside and must be read through it";
        if (head.StartsWith("<?xml"u8) || head.StartsWith("<database"u8))
            return "a database dump, not a log of one";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
            return "gzip-compressed data";
        var text = new StringBuilder("the bytes \"");
        foreach (var b in head[..Math.Min(head.Length, JournalLayout.Magic.Length)])
            text.Append(b is >= 0x20 and < 0x7f ? (char)b : '.');
        return text.Append("\" (").Append(Convert.ToHexStringLower(head[..Math.Min(head.Length, JournalLayout.Magic.Length)]))
            .Append(')').ToString();
    }
}
