using System.Numerics;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>
/// Where everything lies in a redo log. All numbers are ASCII text, padded with zeros on the left.
/// <code>
/// volume             bytes        content
/// 0                  16           magic "redo-log--------"
/// 16                 1            NUL
/// 17                 1            validity: "0" no half, "1" first half, "2" second half;
///                                 "3", "4": the same, of a large database (LargeDatabase), which xapi reads as "0"
/// 18                 62,914,560   first half
/// 62,914,578         62,914,560   second half
/// 125,829,138                     end; the rest of the volume is not the log's
/// 134,217,728                     our area, where the volume is long enough: docs/formats/metadata-volume.md
///
/// half               bytes        content
/// database record    36           marker
///                    16           length of the database
///                    length       the database, a dump
///                    16           generation
///                    36           marker again
/// delta record ×n    16           length of the delta
///                    length       the delta
///                    16           generation
///                    36           marker again
/// end mark           16           NUL
/// </code>
/// The whole format is written down in <c>docs/formats/journal.md</c>.
/// </summary>
public sealed record JournalLayout
{
    /// <summary>Bytes before the first half.</summary>
    public const int HeaderBytes = 18;

    /// <summary>Offset of the byte that says which half counts.</summary>
    public const int ValidityOffset = 17;

    /// <summary>Bytes of a marker.</summary>
    public const int MarkerBytes = 36;

    /// <summary>Bytes of a length or generation.</summary>
    public const int NumberBytes = 16;

    /// <summary>Bytes of the end mark.</summary>
    public const int EndMarkBytes = 16;

    /// <summary>What a database record has beside the database.</summary>
    public const int DatabaseFrameBytes = MarkerBytes + NumberBytes + TrailerBytes;

    /// <summary>What a delta record has beside the delta.</summary>
    public const int DeltaFrameBytes = NumberBytes + TrailerBytes;

    /// <summary>What follows the content of either record: its generation and the marker.</summary>
    public const int TrailerBytes = NumberBytes + MarkerBytes;

    /// <summary>The largest generation that fits its sixteen digits.</summary>
    public const long MaxGeneration = 9_999_999_999_999_999;

    /// <summary>
    /// Size of a metadata volume on a storage repository, 3,988,783,104 bytes: xapi ignores its own volumes when smaller.
    /// </summary>
    public const long StorageVolumeBytes = 951L * 4 * 1024 * 1024;

    /// <summary>
    /// Size of a journal of our own on a local disk: the log, rounded up to 128 MiB, and as much again for what lies behind it.
    /// </summary>
    public const long LocalVolumeBytes = 256L << 20;

    /// <summary>
    /// The byte that says that a half counts, by whether its database is in our area because it is too large for the half.
    /// </summary>
    /// <remarks>
    /// xapi, which reads any other byte than <c>1</c> and <c>2</c> as <c>0</c>, finds no database then, which is all that it could find.
    /// </remarks>
    public static byte ValidityOf(JournalHalf half, bool isLarge) => (half, isLarge) switch
    {
        (JournalHalf.First, false) => (byte)'1',
        (JournalHalf.Second, false) => (byte)'2',
        (JournalHalf.First, true) => (byte)'3',
        (_, _) => (byte)'4',
    };

    /// <summary>The half that a validity byte names, and whether as one of a large database.</summary>
    public static (JournalHalf Half, bool IsLarge)? Named(byte validity) => validity switch
    {
        (byte)'1' => (JournalHalf.First, false),
        (byte)'2' => (JournalHalf.Second, false),
        (byte)'3' => (JournalHalf.First, true),
        (byte)'4' => (JournalHalf.Second, true),
        _ => null,
    };

    /// <summary>Makes a layout of another size. Nothing but a test has any: the format has one size.</summary>
    internal JournalLayout(int halfBytes, int zerosAheadBytes = 1 << 20, AreaSizes? area = null) =>
        (HalfBytes, ZerosAheadBytes, Area) = (halfBytes, zerosAheadBytes, area);

    /// <summary>The only layout there is on storage.</summary>
    public static JournalLayout Xapi { get; } = new(60 << 20, area: AreaSizes.Default);

    /// <summary>The first sixteen bytes of every redo log.</summary>
    public static ReadOnlySpan<byte> Magic => "redo-log--------"u8;

    /// <summary>Bytes of one half.</summary>
    public int HalfBytes { get; }

    /// <summary>How far beyond what is needed a writer zeroes each time it must; no part of the format.</summary>
    internal int ZerosAheadBytes { get; }

    /// <summary>The sizes of a new area; <see langword="null"/> where a test wants a log without one.</summary>
    internal AreaSizes? Area { get; }

    /// <summary>Where our area begins: 128 MiB, the power of two behind the log.</summary>
    public long AreaStart => (long)BitOperations.RoundUpToPowerOf2((ulong)UsedBytes);

    /// <summary>Bytes of a volume that the log uses.</summary>
    public long UsedBytes => HeaderBytes + (2L * HalfBytes);

    /// <summary>Where a half begins.</summary>
    public long StartOf(JournalHalf half) => HeaderBytes + (half == JournalHalf.First ? 0L : HalfBytes);

    /// <summary>Where a half ends; exclusive.</summary>
    public long EndOf(JournalHalf half) => StartOf(half) + HalfBytes;

    /// <summary>The other half.</summary>
    public static JournalHalf Other(JournalHalf half) => half == JournalHalf.First ? JournalHalf.Second : JournalHalf.First;
}
