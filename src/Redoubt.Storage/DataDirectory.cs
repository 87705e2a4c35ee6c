using System.Collections.Immutable;
using System.Text.Json;

namespace Redoubt.Storage;

/// <summary>
/// The daemon's own directory, held by this process: no other daemon works on it, nobody else can read it, and nothing that lies in it
/// is used before all of it has been found to be the daemon's own and complete.
/// </summary>
/// <remarks>
/// The names of what has been kept stand in <c>kept.json</c>, so that a file that has gone is told from one that never was: a daemon
/// that made a new, empty one for it would lose what was acknowledged without a word.
/// </remarks>
public sealed class DataDirectory : IDisposable
{
    private const string LockName = "lock";
    private const string ManifestName = "kept.json";
    private const int OthersMayLookOrWrite = 0x36;
    private const int Others = 0x3f;

    // An operator puts files there, and may have linked them from elsewhere.
    private static readonly string[] OperatorsOwn = ["tls", "hooks", "health"];

    private readonly FileStream _lock;
    private readonly KeptFile<ImmutableSortedSet<string>> _known;

    private DataDirectory(
        string path, FileStream held, KeptFile<ImmutableSortedSet<string>> known, IReadOnlyList<string> without,
        IReadOnlyList<string> notes)
    {
        (FullPath, _lock, _known, Without, Notes) = (path, held, known, without, notes);
    }

    /// <summary>Where it is.</summary>
    public string FullPath { get; }

    /// <summary>The names of files that are set aside before this start.</summary>
    public IReadOnlyList<string> Without { get; }

    /// <summary>What an operator should know though nothing stands against the start, in whole sentences.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Makes files and directories that this process makes, also through other programs, its user's own.</summary>
    public static void KeepToOwner() => Posix.SetMask(0x3f);

    /// <summary>Holds a directory, making it if it is not there, and checks what lies in it.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="without">The names of files to go on without.</param>
    /// <exception cref="IOException">Another daemon runs on the directory, or it can't be used.</exception>
    /// <exception cref="InvalidDataException">Something in it is not as the daemon left it; nothing was changed.</exception>
    public static DataDirectory Open(string path, IReadOnlyList<string> without)
    {
        foreach (var name in without)
        {
            if (KeptName.Find(name) is not { Without: not null })
            {
                throw new InvalidDataException($"There is no start without {name}; --without takes "
                    + $"{string.Join(", ", KeptName.All.Where(k => k.Without is not null).Select(k => k.Name))}.");
            }
        }

        if (!Directory.Exists(path))
        {
            DurableFile.CreateDirectory(path);
        }

        RequireOwn(path);
        var held = Hold(path);
        try
        {
            var notes = new List<string>();
            var wide = Wide(path);
            var known = KeptFile<ImmutableSortedSet<string>>.Open(
                Path.Combine(path, ManifestName),
                "Remove it; then a file that has gone is not missed at the next start.",
                [],
                content => [.. JsonSerializer.Deserialize<string[]>(content)!.Select(n => KeptName.Find(n) is null ? throw new FormatException($"nothing called {n} is kept") : n)],
                names => JsonSerializer.SerializeToUtf8Bytes(names));
            foreach (var name in known.Value.Select(n => KeptName.Find(n)!)
                .Where(n => n.Name != KeptName.Journal && !without.Contains(n.Name)))
            {
                if (Posix.TryGetStatus(Path.Combine(path, name.Name)) is not null)
                {
                    continue;
                }

                if (!name.MayBeMissing)
                {
                    throw new InvalidDataException(
                        $"{Path.Combine(path, name.Name)} is missing, which held {name.Holds}. Nothing was changed. {name.Advice}");
                }

                notes.Add($"{Path.Combine(path, name.Name)}, which held {name.Holds}, is not there any more; a new one is begun.");
            }

            Narrow(wide, notes);
            return new(path, held, known, without, notes);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The path of a kept file.</summary>
    public string PathOf(string name) => Path.Combine(FullPath, name);

    /// <summary>Whether something has been kept under this name, and not been set aside.</summary>
    public bool Knows(string name) => _known.Value.Contains(name) && !Without.Contains(name);

    /// <summary>The names, apart from the journal's, that only a daemon with a pool leaves here.</summary>
    public IReadOnlyList<string> Traces() =>
    [
        .. KeptName.All.Select(k => k.Name).Append("consoles").Append("tests")
            .Where(n => n != KeptName.Journal && Path.Exists(PathOf(n))),
    ];

    /// <summary>Gives what is to be gone on without another name. Nothing is removed.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public void SetAside()
    {
        foreach (var name in Without)
        {
            SetAside(name);
            _known.Change(names => names.Remove(name));
        }
    }

    /// <summary>Gives a kept file another name, if it is there.</summary>
    /// <returns>The name; null if it was not there.</returns>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public string? SetAside(string name)
    {
        if (Posix.TryGetStatus(PathOf(name)) is null)
        {
            return null;
        }

        var number = 1;
        while (Posix.TryGetStatus(PathOf($"{name}.set-aside-{number}")) is not null)
        {
            number++;
        }

        // What stands beside a database of SQLite belongs to it.
        foreach (var suffix in new[] { "-wal", "-shm" }.Where(s => Posix.TryGetStatus(PathOf(name + s)) is not null))
        {
            DurableFile.Rename(PathOf(name + suffix), PathOf($"{name}.set-aside-{number}{suffix}"));
        }

        DurableFile.Rename(PathOf(name), PathOf($"{name}.set-aside-{number}"));
        return PathOf($"{name}.set-aside-{number}");
    }

    /// <summary>
    /// Notes which files are kept by now, so that each is missed when it has gone. To be called when all of them have been opened.
    /// </summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Note() =>
        _known.Change(
            names => KeptName.All.Select(k => k.Name).Where(n => File.Exists(PathOf(n)))
                .ToImmutableSortedSet(StringComparer.Ordinal) is var now
                && now.SetEquals(names)
                ? names
                : now);

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    /// <summary>Refuses a directory that is not this user's own, or that others could put another one in the place of.</summary>
    /// <param name="path">One that is there.</param>
    /// <exception cref="IOException">It is such a one; what to do is said.</exception>
    public static void RequireOwn(string path)
    {
        var status = Posix.GetStatusBehindLinks(path);
        if (!status.IsDirectory)
        {
            throw new IOException($"{path} is no directory. Name one for the daemon's own files.");
        }

        if (status.Owner != Posix.EffectiveUser)
        {
            throw new IOException(
                $"The directory {path} belongs to user {status.Owner}, not to the daemon's user {Posix.EffectiveUser}. Use another one, or "
                    + "give it to that user (chown).");
        }

        // Whoever can write to a directory above could put another one in its place.
        for (var above = Path.GetDirectoryName(Posix.RealPath(path)); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Posix.GetStatusBehindLinks(above).IsWritableByAll)
            {
                throw new IOException(
                    $"Anybody can replace {path}, since {above} is writable by all. Take that away (chmod o-w), or use another directory.");
            }
        }
    }

    /// <summary>Checks everything that lies at the top, and gives what others can look into.</summary>
    private static List<string> Wide(string path)
    {
        var wide = new List<string>();
        if ((Posix.GetStatusBehindLinks(path).Permissions & OthersMayLookOrWrite) != 0)
        {
            wide.Add(path);
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal))
        {
            if (OperatorsOwn.Contains(Path.GetFileName(entry)) || Posix.TryGetStatus(entry) is not { } status
                || status.IsDirectory && KeptName.Find(Path.GetFileName(entry)) is null)
            {
                continue;
            }

            if (DurableFile.Describe(entry) is { } wrong)
            {
                throw Unusable(entry, wrong);
            }

            if (status.Owner != Posix.EffectiveUser)
            {
                throw Unusable(entry, $"it belongs to user {status.Owner}, not to the daemon's user {Posix.EffectiveUser}");
            }

            if (KeptName.Find(Path.GetFileName(entry)) is not null)
            {
                DurableFile.RequireReadable(entry);
            }

            if ((status.Permissions & Others) != 0)
            {
                wide.Add(entry);
            }
        }

        return wide;
    }

    private static InvalidDataException Unusable(string path, string why) => new(
        $"{path} can't be used: {why}. Nothing was changed. "
            + $"{KeptName.Find(Path.GetFileName(path))?.Advice ?? "Find out who put it there, and move it away."}");

    /// <summary>Who may pass through a directory without looking into it may go on doing so: a hypervisor's user may have to.</summary>
    private static void Narrow(List<string> wide, List<string> notes)
    {
        foreach (var path in wide)
        {
            using var handle = Posix.OpenBehindLinks(path);
            var mode = Posix.GetStatus(handle, path).Permissions;
            Posix.SetMode(handle, (uint)(mode & ~Others), path);
            notes.Add(
                $"{path} was open to others (mode {Convert.ToString(mode, 8)}); it isn't any more. What is secret in it may be known.");
        }
    }

    /// <summary>Two daemons on one directory would write one journal.</summary>
    private static FileStream Hold(string directory)
    {
        var path = Path.Combine(directory, LockName);
        if (DurableFile.Describe(path) is { } wrong)
        {
            throw Unusable(path, wrong);
        }

        if (Posix.TryGetStatus(path) is { } status && status.Owner != Posix.EffectiveUser)
        {
            throw Unusable(path, $"it belongs to user {status.Owner}, who could hold it");
        }

        try
        {
            var held = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            Posix.SetMode(held.SafeFileHandle, 0x180, path);
            return held;
        }
        catch (IOException e)
        {
            throw new IOException(
                $"Another redoubt daemon runs on {directory} ({path} is locked{Posix.LockHolder(path)}). Stop it first, "
                    + "or use another directory.",
                e);
        }
    }
}
