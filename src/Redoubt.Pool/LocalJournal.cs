using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Storage;

namespace Redoubt.Pool;

/// <summary>The pool's own copy of its database, in the daemon's directory.</summary>
internal static class LocalJournal
{
    private const string FileName = "pool.journal";

    /// <summary>Reads the database, and takes charge of the journal it lies in. A new one is made where there is none.</summary>
    /// <returns>The journal, the database it held, and what was found missing from it, if anything was.</returns>
    /// <exception cref="InvalidDataException">The journal holds no database, or only an older one: starting would lose acknowledged changes.</exception>
    public static (LiveJournal Journal, DatabaseState State, string? Damage) Open(string directory, TimeProvider time)
    {
        var path = Path.Combine(directory, FileName);
        if (!System.IO.File.Exists(path))
        {
            Create(path);
        }

        return JournalReader.Read(path) switch
        {
            JournalVerdict.Intact intact => (Live(path, intact.Content, time), StateDump.FromDump(intact.Content.Database), null),
            JournalVerdict.CutAt { FromOtherHalf: false } cut =>
                (Live(path, cut.Content, time), StateDump.FromDump(cut.Content.Database), cut.Damage[0].ToString()),
            JournalVerdict.CutAt cut => throw Unusable(
                path, $"only an older state, of generation {cut.Content.Generation}, can be read ({cut.Damage[0]})"),
            JournalVerdict.Empty { LeftBehind: null } => (new LiveJournal("local", path, null, time), DatabaseState.Empty, null),
            JournalVerdict.Empty empty => throw Unusable(path, $"it says that it is empty, yet holds a database of generation {empty.LeftBehind}"),
            JournalVerdict.NotARedoLog wrong => throw Unusable(path, $"it is not a redo log: {wrong.Found}"),
            JournalVerdict.Unusable bad => throw Unusable(path, $"neither half holds a usable database: {bad.Damage[0]}"),
            var other => throw new InvalidOperationException($"unknown verdict {other}"),
        };
    }

    /// <summary>Made under another name, so that a crash leaves either no journal or one that has been initialised.</summary>
    private static void Create(string path)
    {
        var making = path + ".new";
        System.IO.File.Delete(making);
        using (var device = JournalDevice.Create(making, JournalLayout.LocalVolumeBytes))
        {
            JournalWriter.Initialise(device);
        }

        DurableFile.Replace(making, path);
    }

    private static LiveJournal Live(string path, JournalContent content, TimeProvider time) => new("local", path, content.Half, time);

    private static InvalidDataException Unusable(string path, string why) => new(
        $"The pool's database, {path}, can't be used: {why}. Nothing was changed. Put a good copy there, or move it away and recover "
        + "this pool's VMs from the metadata on its SRs.");
}
