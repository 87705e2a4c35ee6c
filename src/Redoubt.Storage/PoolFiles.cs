using System.Collections.Immutable;

namespace Redoubt.Storage;

/// <summary>
/// What the daemon's directory has beside the database that is the pool's and not a host's: passwords, sites, schedules and keys, each a
/// small file, and the journal of runs. In a pool of several hosts the others agree to what is written before it lies here.
/// <code>
///   alone:           content made and flushed ──────────────────────► appears under its name
///   one of several:  content made and flushed ─► the hosts agree ───► appears under its name
/// </code>
/// So what these files hold was agreed to, and what was agreed to fails only where a name can't be given any more. One is written at a
/// time.
/// </summary>
public sealed class PoolFiles
{
    private readonly Lock _writing = new();
    private PoolAgreement? _agreement;
    private ImmutableList<Action<PoolAgreement>> _logs = [];

    /// <summary>Those of a directory.</summary>
    /// <param name="directory">The daemon's directory.</param>
    /// <param name="agreement">How the hosts of the pool agree; null in a pool of one.</param>
    public PoolFiles(string directory, PoolAgreement? agreement = null) => (FullPath, _agreement) = (directory, agreement);

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. KeptName.All.Where(k => k.IsPools).Select(k => k.Name)];

    /// <summary>The daemon's directory.</summary>
    public string FullPath { get; }

    /// <summary>Where one lies.</summary>
    public string PathOf(string name) => Path.Combine(FullPath, name);

    /// <summary>What one holds; null if it has never been written.</summary>
    /// <exception cref="InvalidDataException">It can't be read.</exception>
    public byte[]? Read(string name) => DurableFile.Read(PathOf(name));

    /// <summary>Writes one, whole or not at all; durable, on a majority of the hosts, when it returns.</summary>
    /// <exception cref="IOException">
    /// It can't be written, or the hosts do not agree; what was there stays here. Where this host no longer coordinates its pool it is not
    /// known whether they have agreed, and it is about to read what they have.
    /// </exception>
    public void Write(string name, byte[] content)
    {
        if (!Names.Contains(name))
        {
            throw new ArgumentException($"{name} is a host's own", nameof(name));
        }

        Keep(agreement => DurableFile.Write(PathOf(name), content, () => agreement?.File(name, content)));
    }

    /// <summary>
    /// Writes something that is the pool's, here and, where there are others, by their agreement; nothing else is written meanwhile, and
    /// nobody else begins or joins a pool of several.
    /// </summary>
    /// <exception cref="IOException">The hosts do not agree.</exception>
    public void Keep(Action<PoolAgreement?> write)
    {
        lock (_writing)
        {
            write(_agreement);
        }
    }

    /// <summary>Adds what is kept as a log.</summary>
    /// <param name="layWhole">
    /// Lays all of it before the other hosts. Called when a pool of several begins, while nothing is written.
    /// </param>
    public void Add(Action<PoolAgreement> layWhole)
    {
        lock (_writing)
        {
            _logs = _logs.Add(layWhole);
        }
    }

    /// <summary>Lays everything before the hosts of a pool of several, and has them agree to all that is written from now on.</summary>
    /// <exception cref="IOException">They do not agree, and are asked nothing any more.</exception>
    public void Share(PoolAgreement agreement)
    {
        lock (_writing)
        {
            foreach (var name in Names)
            {
                if (Read(name) is { } content)
                {
                    agreement.File(name, content);
                }
            }

            _logs.ForEach(layWhole => layWhole(agreement));
            _agreement = agreement;
        }
    }

    /// <summary>Writes without asking anybody again: the pool of several did not come to be.</summary>
    public void Unshare()
    {
        lock (_writing)
        {
            _agreement = null;
        }
    }
}
