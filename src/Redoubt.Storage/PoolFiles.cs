using System.Collections.Immutable;

namespace Redoubt.Storage;

/// <summary>
/// What the daemon's directory has beside the database that is the pool's and not a host's: passwords, sites, schedules and keys, each a
/// small file, and the journal of runs. In a pool of several hosts the others agree to what is written before it lies here.
/// <code>
///   alone:           content made and flushed ──────────────────────► appears under its name
///   one of several:  content made and flushed ─► the hosts agree ───► appears under its name
/// </code>
/// So what these files hold was agreed to, and what was agreed to fails only where a name can't be given any more. One of a name is written
/// at a time; those of other names, and the logs, do not wait for it.
/// </summary>
public sealed class PoolFiles
{
    // Who writes one thing has its turn; who changes by whom all are agreed to has those of all, in this order.
    private readonly ImmutableSortedDictionary<string, Lock> _turns =
        Names.Concat(PoolAgreement.Logs).ToImmutableSortedDictionary(name => name, _ => new Lock(), StringComparer.Ordinal);
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

        Keep(name, agreement => DurableFile.Write(PathOf(name), content, () => agreement?.File(name, content)));
    }

    /// <summary>
    /// Writes something that is the pool's, here and, where there are others, by their agreement; nobody else writes the same meanwhile, or
    /// begins or joins a pool of several.
    /// </summary>
    /// <param name="name">What: a file's name, or a log's (<see cref="PoolAgreement.Logs"/>).</param>
    /// <param name="write">Writes it.</param>
    /// <exception cref="IOException">The hosts do not agree.</exception>
    public void Keep(string name, Action<PoolAgreement?> write)
    {
        lock (_turns[name])
        {
            write(_agreement);
        }
    }

    /// <summary>Adds what is kept as a log.</summary>
    /// <param name="layWhole">
    /// Lays all of it before the other hosts. Called when a pool of several begins, while nothing is written.
    /// </param>
    public void Add(Action<PoolAgreement> layWhole) => WhileNothingIsWritten(() => _logs = _logs.Add(layWhole));

    /// <summary>Lays everything before the hosts of a pool of several, and has them agree to all that is written from now on.</summary>
    /// <exception cref="IOException">They do not agree, and are asked nothing any more.</exception>
    public void Share(PoolAgreement agreement) => WhileNothingIsWritten(() =>
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
    });

    /// <summary>Writes without asking anybody again: the pool of several did not come to be.</summary>
    public void Unshare() => WhileNothingIsWritten(() => _agreement = null);

    private void WhileNothingIsWritten(Action act)
    {
        var held = new Stack<Lock>();
        try
        {
            foreach (var turn in _turns.Values)
            {
                turn.Enter();
                held.Push(turn);
            }

            act();
        }
        finally
        {
            foreach (var turn in held)
            {
                turn.Exit();
            }
        }
    }
}
