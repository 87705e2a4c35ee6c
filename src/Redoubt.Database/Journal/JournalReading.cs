using Redoubt.Database.Dump;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>
/// Finds the newest state that a volume can prove, and says what became of the rest.
/// <code>
/// the half that counts                     the other half                    answer
/// usable, not proven                       whatever                          it; xapi knows no more
/// usable and proven                        proven, written later, only its   the other: its writer died before it set the byte
///                                          database
/// usable and proven                        proven, written later, with more  the other, and the byte is damaged
/// unusable, its database in the history    whatever                          history, and what the half has after it
/// unusable                                 usable, no older than history     the other
/// unusable                                 unusable or older than history    history
/// unusable                                 unusable, no history              unusable
/// </code>
/// </summary>
internal sealed class JournalReading(JournalBytes bytes, JournalLayout layout, DumpLimits limits)
{
    /// <summary>Our area.</summary>
    public VolumeArea Area { get; } = VolumeArea.Read(bytes, layout);

    /// <summary>The newest state.</summary>
    /// <exception cref="IOException">Not even the first bytes can be read.</exception>
    public JournalVerdict Newest()
    {
        var (magic, validity) = Head(out var found);
        if (magic is not null)
            return WithoutMagic(magic, validity) ?? new JournalVerdict.NotARedoLog(found);
        if (validity == (byte)'0')
            return new JournalVerdict.Empty(LeftBehind());
        return JournalLayout.Named(validity) is { } named
            ? Selected(named.Half, named.IsLarge, [])
            : Undecided([new JournalDamage(
                JournalDamageKind.ValidityByte, JournalLayout.ValidityOffset, $"the byte that says which half counts is 0x{validity:x2}")]);
    }

    /// <summary>What is wrong with the magic, if anything is, and the byte that names a half.</summary>
    public (JournalDamage? Magic, byte Validity) Head(out string found)
    {
        Span<byte> header = stackalloc byte[JournalLayout.HeaderBytes];
        var length = bytes.ReadAt(0, header);
        found = VolumeHead.Describe(header[..length]);
        var magic = length < header.Length || !header.StartsWith(JournalLayout.Magic)
            ? new JournalDamage(JournalDamageKind.Magic, 0, $"the volume does not begin as a redo log but with {found}")
            : null;
        return (magic, header[JournalLayout.ValidityOffset]);
    }

    /// <summary>Reads a half.</summary>
    public HalfReading Half(JournalHalf half, long until = long.MaxValue)
    {
        var reading = new HalfReader(bytes, layout, half, limits, Area.Proofs(half), until).Read();
        return reading with { Content = Signed(reading.Content) };
    }

    /// <summary>A state of the history, or what is wrong with it.</summary>
    public (JournalContent? Content, JournalDamage? Damage) Earlier(HistoryEntry entry, JournalHalf half)
    {
        var (dump, problem) = PackedDatabase.Read(bytes, Area.Header!.Map, entry, limits);
        return dump is null
            ? (null, new JournalDamage(JournalDamageKind.History, Area.Header.Map.BlocksAt, problem!))
            : (Signed(new JournalContent
            {
                Database = dump,
                Half = half,
                Marker = "",
                WrittenByRedoubt = true,
                DatabaseGeneration = entry.Generation,
                Transactions = 0,
                Deltas = 0,
                DiscardedUnfinished = 0,
                SkippedOld = 0,
                EndOffset = 0,
                Proof = new JournalProof(ProofStanding.Whole) { Generation = entry.Generation, WrittenAt = entry.WrittenAt },
                History = entry,
            }), null);
    }

    private JournalVerdict Selected(JournalHalf half, bool isLarge, JournalDamage[] before)
    {
        var reading = Half(half);
        var otherHalf = JournalLayout.Other(half);
        if (reading.Content is not { } content)
            return InsteadOf(half, reading, before);
        if (!reading.IsProven || Area.Proofs(otherHalf).Life <= reading.Proofs.Life || Half(otherHalf) is not { IsProven: true } other)
        {
            // Whoever goes by the byte alone, as xapi does, takes this half for what it is not.
            JournalDamage[] form = content.IsLarge == isLarge
                ? []
                : [new JournalDamage(
                    JournalDamageKind.ValidityByte, JournalLayout.ValidityOffset,
                    $"the byte that says which half counts names the {half} half as {(isLarge ? "one of a large database, which it is not" : "an ordinary one, but its database is a large one")}")];
            return Verdict(reading, content with { OtherHalfGeneration = Generation(otherHalf) }, [.. before, .. form], fromOther: false);
        }

        // Both are as they were written, so the life tells which was last. Records in it mean that it has counted already.
        var byte17 = new JournalDamage(
            JournalDamageKind.ValidityByte, JournalLayout.ValidityOffset,
            $"the byte that says which half counts names the {half} half, but the other was written later, "
                + $"{other.Proofs.Last!.WrittenAt:u}");
        return Verdict(
            other, other.Content! with { OtherHalfGeneration = content.DatabaseGeneration },
            other.Proofs.Last.Number > 0 ? [.. before, byte17] : before, fromOther: false);
    }

    /// <summary>No byte to go by: the half that was written last if both can prove when, else the one of the higher generation.</summary>
    private JournalVerdict Undecided(JournalDamage[] before)
    {
        var (first, second) = (Half(JournalHalf.First), Half(JournalHalf.Second));
        var isSecond = first.IsProven && second.IsProven
            ? second.Proofs.Life > first.Proofs.Life
            : (second.Content?.Generation ?? long.MinValue) > (first.Content?.Generation ?? long.MinValue);
        var (best, rest) = isSecond ? (second, first) : (first, second);
        // A half that was written later than what can be read, and cannot be, has something to tell.
        if (rest.Content is null && rest.Proofs.Life > best.Proofs.Life)
            return InsteadOf(isSecond ? JournalHalf.First : JournalHalf.Second, rest, before);
        return best.Content is { } content
            ? Verdict(best, content with { OtherHalfGeneration = rest.Content?.DatabaseGeneration }, before, fromOther: false)
            : InsteadOf(JournalHalf.First, first, before);
    }

    /// <summary>What a volume that lost its first bytes is, only our area can tell.</summary>
    private JournalVerdict? WithoutMagic(JournalDamage magic, byte validity)
    {
        if (Area.Header is null || (Area.First.Records.IsEmpty && Area.Second.Records.IsEmpty))
            return null;
        var verdict = JournalLayout.Named(validity) is { } named ? Selected(named.Half, named.IsLarge, [magic]) : Undecided([magic]);
        return verdict is JournalVerdict.CutAt { Content.Proof.Standing: ProofStanding.Whole or ProofStanding.Partial } ? verdict : null;
    }

    /// <summary>The best there is when the half that counts has no usable database.</summary>
    private JournalVerdict InsteadOf(JournalHalf half, HalfReading reading, JournalDamage[] before)
    {
        var damage = before.Append(reading.Damage!).ToList();
        if (FromHistoryAndLog(half, damage) is { } whole)
            return whole;
        // xapi gives up here, although its own design says that the older half is there for this.
        var other = Half(JournalLayout.Other(half));
        foreach (var entry in Area.Entries.Where(e => e.Generation > (other.Content?.Generation ?? long.MinValue)))
        {
            var (content, problem) = Earlier(entry, half);
            if (content is not null)
                return Missing(new HalfReading(content, null), damage, reading);
            damage.Add(problem!);
        }

        if (other.Damage is not null)
            damage.Add(other.Damage);
        return other.Content is null ? new JournalVerdict.Unusable(damage) : Missing(other, damage, reading);
    }

    /// <summary>The database of a half from the history, and on it what the half has after its own.</summary>
    private JournalVerdict.CutAt? FromHistoryAndLog(JournalHalf half, List<JournalDamage> damage)
    {
        var proofs = Area.Proofs(half);
        if (proofs.Last is not { } last || proofs.Records[0].Number != 0 || last.Life < Area.Proofs(JournalLayout.Other(half)).Life)
            return null;
        foreach (var entry in Area.Entries.Where(e => e.Generation == proofs.Records[0].Generation))
        {
            var (content, problem) = Earlier(entry, half);
            if (content is null)
            {
                damage.Add(problem!);
                continue;
            }

            // No older state: the log was lost no further than any log that is cut.
            var reading = new HalfReader(bytes, layout, half, limits, proofs).ReadOnto(content.Database, entry);
            return new JournalVerdict.CutAt(
                Signed(reading.Content)!, [.. damage, .. Of(reading.Damage)], reading.Lost, reading.LastSeen, FromOtherHalf: false)
            {
                LastSeenAt = reading.LastSeen is null ? null : last.WrittenAt,
            };
        }

        return null;
    }

    private static JournalVerdict.CutAt Missing(HalfReading found, List<JournalDamage> damage, HalfReading lost) => new(
        found.Content!, damage, found.Lost, Later(found.LastSeen, lost.Proofs.Last?.Generation, found.Content!.Generation),
        FromOtherHalf: true)
    {
        LastSeenAt = lost.Proofs.Last?.WrittenAt,
    };

    private static JournalVerdict Verdict(HalfReading reading, JournalContent content, JournalDamage[] before, bool fromOther)
    {
        JournalDamage[] damage = [.. before, .. Of(reading.Damage)];
        return damage.Length == 0
            ? new JournalVerdict.Intact(content)
            : new JournalVerdict.CutAt(content, damage, reading.Lost, reading.LastSeen, fromOther)
            {
                LastSeenAt = reading.LastSeen is not null && reading.LastSeen == reading.Proofs.Last?.Generation
                    ? reading.Proofs.Last.WrittenAt
                    : null,
            };
    }

    private static IEnumerable<JournalDamage> Of(JournalDamage? damage) => damage is null ? [] : [damage];

    private static long? Later(long? a, long? b, long than) => Math.Max(a ?? than, b ?? than) is var later && later > than ? later : null;

    /// <summary>The content with what the area says about the whole volume.</summary>
    private JournalContent? Signed(JournalContent? content) => content is null
        ? null
        : content with
        {
            Proof = content.Proof with
            {
                Pool = Area.Header?.Pool,
                Owner = Area.Owner,
                Signature = SignatureOf(content),
                Problem = content.Proof.Problem ?? Area.Problem,
            },
        };

    // A state of the history is as good as the volume that it lies on.
    private VolumeSignature? SignatureOf(JournalContent content)
    {
        try
        {
            return VolumeSignature.Read(bytes, layout, Area, content.Half)
                ?? (content.History is null ? null : VolumeSignature.Read(bytes, layout, Area, JournalLayout.Other(content.Half)));
        }
        catch (IOException)
        {
            // What the device does not give proves nothing. The reader of the log says what is wrong with the device.
            return null;
        }
    }

    private long? LeftBehind() => (Generation(JournalHalf.First), Generation(JournalHalf.Second)) switch
    {
        ({ } first, { } second) => Math.Max(first, second),
        var (first, second) => first ?? second,
    };

    private long? Generation(JournalHalf half)
    {
        try
        {
            return DatabaseFrame.Read(bytes, layout, half, out _)?.Generation ?? LargeDatabase.Read(bytes, layout, half, out _)?.Generation;
        }
        catch (IOException)
        {
            // Only a remark about a half that does not count; the caller reads null as "none that could be seen".
            return null;
        }
    }
}
