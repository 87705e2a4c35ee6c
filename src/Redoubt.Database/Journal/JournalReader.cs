using Microsoft.Win32.SafeHandles;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>
/// Reads a redo log, of Redoubt or of xapi, and says how much of it can be trusted. Opens read-only and never writes a byte, whatever
/// it finds. The layout is at the head of <see cref="JournalLayout"/>, the whole format in <c>docs/formats/journal.md</c>.
/// </summary>
/// <remarks>
/// No content makes it throw, and no length that the volume claims makes it allocate. It may be used on a volume that is being written:
/// it then sees some state that was there, or reports a cut at one.
/// </remarks>
public static class JournalReader
{
    /// <summary>Reads the log in a file or block device.</summary>
    /// <exception cref="IOException">It cannot be opened, or not even its first bytes can be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The caller may not read it.</exception>
    public static JournalVerdict Read(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return Read(handle);
    }

    /// <summary>Reads the log behind an open handle, which stays open.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public static JournalVerdict Read(SafeFileHandle handle) => Read(new JournalBytes(handle), JournalLayout.Xapi, DumpLimits.Default);

    /// <summary>Reads the log in a seekable stream, which stays open.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public static JournalVerdict Read(Stream stream) => Read(new JournalBytes(stream), JournalLayout.Xapi, DumpLimits.Default);

    internal static JournalVerdict Read(JournalBytes bytes, JournalLayout layout, DumpLimits limits)
    {
        Span<byte> header = stackalloc byte[JournalLayout.HeaderBytes];
        var length = bytes.ReadAt(0, header);
        if (length < header.Length || !header.StartsWith(JournalLayout.Magic))
            return new JournalVerdict.NotARedoLog(VolumeHead.Describe(header[..length]));
        HalfReading Half(JournalHalf half) => new HalfReader(bytes, layout, half, limits).Read();
        return header[JournalLayout.ValidityOffset] switch
        {
            (byte)'0' => new JournalVerdict.Empty(LeftBehind(bytes, layout)),
            (byte)'1' => Selected(JournalHalf.First),
            (byte)'2' => Selected(JournalHalf.Second),
            var other => Undecided(other),
        };

        JournalVerdict Selected(JournalHalf half)
        {
            var reading = Half(half);
            if (reading.Content is { } content)
                return Verdict(reading, content with { OtherHalfGeneration = Generation(bytes, layout, JournalLayout.Other(half)) }, [], fromOther: false);
            // xapi gives up here, although its own design says that the older half is there for this.
            var other = Half(JournalLayout.Other(half));
            return other.Content is null
                ? new JournalVerdict.Unusable(Damage([reading.Damage], other))
                : Verdict(other, other.Content, [reading.Damage], fromOther: true);
        }

        JournalVerdict Undecided(byte validity)
        {
            var damage = new JournalDamage(
                JournalDamageKind.ValidityByte, JournalLayout.ValidityOffset, $"the byte that says which half counts is 0x{validity:x2}");
            var (first, second) = (Half(JournalHalf.First), Half(JournalHalf.Second));
            var (best, rest) = (second.Content?.Generation ?? long.MinValue) > (first.Content?.Generation ?? long.MinValue)
                ? (second, first) : (first, second);
            return best.Content is null
                ? new JournalVerdict.Unusable(Damage([damage, first.Damage], second))
                : Verdict(best, best.Content with { OtherHalfGeneration = rest.Content?.DatabaseGeneration }, [damage], fromOther: false);
        }
    }

    private static JournalVerdict Verdict(HalfReading reading, JournalContent content, JournalDamage?[] before, bool fromOther)
    {
        var damage = Damage(before, reading);
        return damage.Count == 0
            ? new JournalVerdict.Intact(content)
            : new JournalVerdict.CutAt(content, damage, reading.Lost, reading.LastSeen, fromOther);
    }

    private static List<JournalDamage> Damage(JournalDamage?[] before, HalfReading reading) => [.. before.Append(reading.Damage).OfType<JournalDamage>()];

    private static long? LeftBehind(JournalBytes bytes, JournalLayout layout) =>
        (Generation(bytes, layout, JournalHalf.First), Generation(bytes, layout, JournalHalf.Second)) switch
        {
            ({ } first, { } second) => Math.Max(first, second),
            var (first, second) => first ?? second,
        };

    private static long? Generation(JournalBytes bytes, JournalLayout layout, JournalHalf half)
    {
        try
        {
            return DatabaseFrame.Read(bytes, layout, half, out _)?.Generation;
        }
        catch (IOException)
        {
            // Only a remark about a half that does not count; the caller reads null as "none that could be seen".
            return null;
        }
    }
}
