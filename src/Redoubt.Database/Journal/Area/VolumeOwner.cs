using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Which daemon writes a volume. A daemon that begins to write takes the volume over with a higher term than the one it found; whoever
/// wrote before sees that, stops, and acknowledges nothing more there. So two daemons that run on copies of one data directory can't both
/// believe that the volume is theirs. The content of section 1 of our area, little-endian:
/// <code>
/// 0     16  id: drawn anew whenever a daemon begins to write
/// 16     8  since when, ms since 1970 UTC
/// 24     2  bytes of the host's name, at most 160
/// 26     2  bytes of the directory, at most 250
/// 28        name of the host, then the daemon's data directory, both UTF-8
/// </code>
/// The sequence of the section is the term.
/// </summary>
/// <param name="Id">Tells this writer from every other.</param>
/// <param name="Term">How many writers the volume had, with this one; 0 before it has taken the volume over.</param>
/// <param name="Since">When it took over, by its own clock.</param>
/// <param name="Host">The name of the machine that it runs on.</param>
/// <param name="Directory">Its data directory there.</param>
public sealed record VolumeOwner(Guid Id, long Term, DateTimeOffset Since, string Host, string Directory)
{
    private const int TextOffset = 28;
    private const int MaxHostBytes = 160;
    private const int MaxDirectoryBytes = 250;

    /// <summary>A writer that has not taken over anything yet.</summary>
    public static VolumeOwner Create(string directory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return new VolumeOwner(Guid.NewGuid(), 0, time.GetUtcNow(), Environment.MachineName, directory);
    }

    /// <summary>In words, for an operator: which daemon it is.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"the daemon on host {Host} with the data directory {Directory}, since {Since:yyyy-MM-dd HH:mm:ss} UTC (term {Term})");

    /// <summary>What section 1 says.</summary>
    internal AreaSection ToSection()
    {
        var (host, directory) = (Cut(Host, MaxHostBytes), Cut(Directory, MaxDirectoryBytes));
        var content = new byte[TextOffset + host.Length + directory.Length];
        Id.TryWriteBytes(content, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(16), Since.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(24), (ushort)host.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(26), (ushort)directory.Length);
        host.CopyTo(content, TextOffset);
        directory.CopyTo(content, TextOffset + host.Length);
        return new AreaSection(AreaSection.OwnerNumber, Term, content);
    }

    /// <summary>The owner that a section names; <see langword="null"/> where it names none.</summary>
    internal static VolumeOwner? Of(AreaSection? section)
    {
        if (section is null || section.Content.Length < TextOffset)
            return null;
        var content = section.Content.AsSpan();
        var (host, directory) = (BinaryPrimitives.ReadUInt16LittleEndian(content[24..]), BinaryPrimitives.ReadUInt16LittleEndian(content[26..]));
        return TextOffset + host + directory > content.Length
            ? null
            : new VolumeOwner(
                new Guid(content[..16], bigEndian: true), section.Sequence,
                AreaTime.Of(BinaryPrimitives.ReadInt64LittleEndian(content[16..])),
                Encoding.UTF8.GetString(content.Slice(TextOffset, host)),
                Encoding.UTF8.GetString(content.Slice(TextOffset + host, directory)));
    }

    private static byte[] Cut(string text, int most)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = Math.Min(bytes.Length, most);
        // Never inside a character.
        while (length < bytes.Length && length > 0 && (bytes[length] & 0xc0) == 0x80)
            length--;
        return bytes[..length];
    }
}
