using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Database.Journal.Area;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>The pool's own copy of its database, in the daemon's directory.</summary>
internal static class LocalJournal
{
    /// <summary>
    /// Reads the database, and takes charge of the journal it lies in. A new one is made where there has been no pool, or where the
    /// operator says so: a journal that has gone is not made up for by an empty one.
    /// </summary>
    /// <exception cref="InvalidDataException">The journal is gone, holds no database, or only an older one: starting would lose
    /// acknowledged changes.</exception>
    /// <exception cref="IOException">It can't be read, or made.</exception>
    public static async Task<OpenedJournal> OpenAsync(
        DataDirectory directory, KnownCopies copies, VolumeKey? key, PoolConfig config, TimeProvider time)
    {
        var path = directory.PathOf(KeptName.Journal);
        var found = Find(directory, time);
        if (config.RestoreFrom is not null || config.NewPool)
        {
            if (found is { Opened: { IsNew: false, State.Generation: var generation } })
            {
                throw new InvalidDataException($"{path} holds the database of a pool, at generation {generation}. Nothing was changed. "
                    + "Start without --restore-from and --new-pool, or move it away first.");
            }

            var replaced = found.Opened is null;
            var restored = config.RestoreFrom is { } from ? LostJournal.Find(from, copies, key) : null;
            if (replaced)
            {
                directory.SetAside(KeptName.Journal);
            }

            if (restored is not null)
            {
                restored.Write(path, time);
                return Find(directory, time).Opened! with { Restored = restored.Description };
            }

            return Create(directory, time);
        }

        if (found is { Opened: { } opened } && (!opened.IsNew || directory.Traces().Count == 0))
        {
            return opened;
        }

        if (found.Trouble is null && found.Opened is null && directory.Traces().Count == 0 && !directory.Knows(KeptName.Journal))
        {
            return Create(directory, time);
        }

        var why = found.Trouble is { } trouble ? $"The pool's database, {path}, can't be used: {trouble}"
            : found.Opened is not null ? $"The pool's database, {path}, is empty, though {string.Join(", ", directory.Traces())} "
                + "show that there was a pool"
            : $"The pool's database, {path}, is missing, though there was a pool: {string.Join(", ", directory.Traces())} are there";
        throw new InvalidDataException($"{why}. Nothing was changed. {await LostJournal.AdviceAsync(copies, time)}");
    }

    /// <summary>What lies there: a journal that can be used, nothing, or what is wrong with it.</summary>
    private static (OpenedJournal? Opened, string? Trouble) Find(DataDirectory directory, TimeProvider time)
    {
        var path = directory.PathOf(KeptName.Journal);
        if (DurableFile.Describe(path) is { } wrong)
        {
            return (null, wrong);
        }

        if (!File.Exists(path))
        {
            return (null, null);
        }

        if (new FileInfo(path).Length is var length and < JournalLayout.LocalVolumeBytes)
        {
            return (null, $"it is cut, and has {length} of {JournalLayout.LocalVolumeBytes} bytes");
        }

        // What lies behind a garbled beginning may still be read, but not written to.
        if (!MetadataVolume.IsOne(path) && JournalReader.Read(path) is JournalVerdict.Intact or JournalVerdict.CutAt)
        {
            return (null, $"its beginning is garbled; --restore-from {path} makes it anew from what can still be read of it");
        }

        return JournalReader.Read(path) switch
        {
            JournalVerdict.Intact intact => (Live(directory, intact.Content, null, time), null),
            JournalVerdict.CutAt { FromOtherHalf: false } cut => (Live(directory, cut.Content, cut.Damage[0].ToString(), time), null),
            JournalVerdict.CutAt cut =>
                (null, $"only an older state, of generation {cut.Content.Generation}, can be read ({cut.Damage[0]})"),
            JournalVerdict.Empty { LeftBehind: null } => (New(directory, time), null),
            JournalVerdict.Empty empty => (null, $"it says that it is empty, yet holds a database of generation {empty.LeftBehind}"),
            JournalVerdict.NotARedoLog not => (null, $"it is not a redo log: {not.Found}"),
            JournalVerdict.Unusable bad => (null, $"neither half holds a usable database: {bad.Damage[0]}"),
            var other => throw new InvalidOperationException($"unknown verdict {other}"),
        };
    }

    /// <summary>Made under another name, so that a crash leaves either no journal or one that has been initialised.</summary>
    private static OpenedJournal Create(DataDirectory directory, TimeProvider time)
    {
        Make(directory.PathOf(KeptName.Journal), JournalWriter.Initialise);
        return New(directory, time);
    }

    /// <summary>Makes a journal with some content, in one step.</summary>
    internal static void Make(string path, Action<JournalDevice> fill)
    {
        var making = path + ".new";
        File.Delete(making);
        using (var device = JournalDevice.Create(making, JournalLayout.LocalVolumeBytes))
        {
            fill(device);
        }

        DurableFile.Replace(making, path);
    }

    private static OpenedJournal New(DataDirectory directory, TimeProvider time) =>
        new(Live(directory, null, time), DatabaseState.Empty, null) { IsNew = true };

    private static OpenedJournal Live(DataDirectory directory, JournalContent content, string? damage, TimeProvider time) =>
        new(Live(directory, content.Half, time), StateDump.FromDump(content.Database), damage);

    /// <summary>
    /// One that is gone, or is no journal any more, while the pool runs is made anew: the pool has all that was in it. What lies there is
    /// kept.
    /// </summary>
    private static LiveJournal Live(DataDirectory directory, JournalHalf? keep, TimeProvider time) => new(
        "local", directory.PathOf(KeptName.Journal), keep, time, owner: VolumeOwner.Create(directory.FullPath, time), make: () =>
        {
            directory.SetAside(KeptName.Journal);
            Make(directory.PathOf(KeptName.Journal), JournalWriter.Initialise);
        });
}
