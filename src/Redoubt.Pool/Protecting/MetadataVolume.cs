using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What a metadata volume says, read without writing a byte.</summary>
internal abstract record MetadataVolume
{
    private MetadataVolume()
    {
    }

    /// <summary>Reads the volume at a path, at its newest state or at an earlier one.</summary>
    public static MetadataVolume Read(string path, JournalPoint? at = null)
    {
        try
        {
            return (at is null ? JournalReader.Read(path) : JournalReader.Read(path, at)) switch
            {
                JournalVerdict.Intact intact => Of(intact.Content, null),
                JournalVerdict.CutAt cut => Of(
                    cut.Content,
                    $"cut at generation {cut.Content.Generation}{(cut.FromOtherHalf ? " (an older state, from the other half or the history)" : "")}: {cut.Damage[0]}"),
                JournalVerdict.Empty =>
                    new Unreadable("the volume is an empty redo log: no database has been written to it yet", IsEmpty: true),
                JournalVerdict.NotARedoLog wrong => new Unreadable($"the volume is not a redo log: {wrong.Found}"),
                JournalVerdict.Unusable bad => new Unreadable($"neither half of the redo log holds a usable database: {bad.Damage[0]}"),
                var other => throw new InvalidOperationException($"unknown verdict {other}"),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Unreadable($"the volume can't be read: {e.Message}");
        }
    }

    /// <summary>Whether a file begins as a metadata volume does.</summary>
    public static bool IsOne(string path)
    {
        try
        {
            using var handle = System.IO.File.OpenHandle(path);
            Span<byte> first = stackalloc byte[JournalLayout.Magic.Length];
            return RandomAccess.Read(handle, first, 0) == first.Length && first.SequenceEqual(JournalLayout.Magic);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static MetadataVolume Of(JournalContent content, string? damage)
    {
        var state = SchemaUpgrade.Apply(StateDump.FromDump(content.Database));
        var (reference, pool) = state.All<PoolRecord>().FirstOrDefault();
        return pool is null
            ? new Unreadable("the database in it has no pool")
            : new Readable(state, reference, pool.Uuid, content.Half, damage, content.Proof.Signature)
            {
                WrittenAt = content.WrittenAt,
                Owner = content.Proof.Owner,
            };
    }

    /// <summary>It holds a pool's database.</summary>
    /// <param name="State">The database.</param>
    /// <param name="PoolRef">The pool's reference there.</param>
    /// <param name="PoolUuid">The pool's UUID.</param>
    /// <param name="Half">The half it was read from.</param>
    /// <param name="Damage">What is missing and why; null if nothing is.</param>
    /// <param name="Signature">What is signed there; null if nothing is.</param>
    internal sealed record Readable(
        DatabaseState State, Ref<PoolRecord> PoolRef, string PoolUuid, JournalHalf Half, string? Damage,
        VolumeSignature? Signature = null) : MetadataVolume
    {
        /// <summary>When the state that was read was written, by its writer's clock; null where the volume does not tell.</summary>
        public DateTimeOffset? WrittenAt { get; init; }

        /// <summary>Which daemon writes the volume; null where none has said so.</summary>
        public VolumeOwner? Owner { get; init; }
    }

    /// <summary>Nothing usable is there.</summary>
    /// <param name="Reason">Why, in words for an operator.</param>
    /// <param name="IsEmpty">Whether it says of itself that it holds no database, so that nothing is lost by not reading it.</param>
    internal sealed record Unreadable(string Reason, bool IsEmpty = false) : MetadataVolume;
}
