using Microsoft.Data.Sqlite;

namespace Redoubt.Recovery;

/// <summary>
/// The journal of runs on a host that does not coordinate its pool: it takes what the coordinator has written, and no run goes on by it. An
/// engine that opens the file later finds there what it would have written itself.
/// </summary>
public sealed class RunCopy : IDisposable
{
    private readonly RunJournal _journal;

    private RunCopy(RunJournal journal) => _journal = journal;

    /// <summary>The number of the last event that it has; 0 if it has none.</summary>
    public long Last => _journal.Last;

    /// <summary>Opens it; one that is not there is made.</summary>
    /// <exception cref="InvalidDataException">It can't be used.</exception>
    public static RunCopy Open(string path) => Try(path, () => new RunCopy(RunJournal.Open(path, null)));

    /// <summary>Takes events; those that it has are passed over.</summary>
    /// <param name="lines">What <see cref="RunAgreement"/> was given.</param>
    /// <exception cref="InvalidDataException">They can't be written, or are none.</exception>
    public void Take(byte[] lines) => Try("the journal of runs", () =>
    {
        _journal.Take(lines);
        return true;
    });

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private static T Try<T>(string what, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception unusable) when (unusable is SqliteException or FormatException)
        {
            throw new InvalidDataException($"{what} can't be used: {unusable.Message.TrimEnd('.')}.", unusable);
        }
    }
}
