using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Redoubt.Recovery;

/// <summary>
/// The events of all runs, in a SQLite file. An event is on disk when <see cref="Append"/> returns; several at once are there all or none.
/// Nothing is ever changed or removed.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private const int Version = 1;

    private readonly SqliteConnection _connection;

    // Runs write on threads of their own, and a connection can be used by one at a time.
    private readonly Lock _gate = new();
    private readonly Action<RunEvent, bool>? _watch;

    private RunJournal(SqliteConnection connection, Action<RunEvent, bool>? watch)
    {
        _connection = connection;
        _watch = watch;
    }

    /// <param name="path">The file; it is made if there is none.</param>
    /// <param name="watch">Told of each event, before it is written (false) and after (true); what it throws keeps the event from being
    /// written, or its writer from hearing that it was. This is how tests let an engine die.</param>
    public static RunJournal Open(string path, Action<RunEvent, bool>? watch)
    {
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var made = new FileStream(path, options);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            var journal = new RunJournal(connection, watch);
            journal.Execute("PRAGMA journal_mode=WAL");
            journal.Execute("PRAGMA synchronous=FULL");
            journal.Execute("PRAGMA busy_timeout=5000");
            journal.Migrate(path);
            return journal;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Checks that there is a journal of runs in a file, and that it is whole.</summary>
    /// <exception cref="FormatException">There is none, or it is damaged.</exception>
    /// <exception cref="SqliteException">It is no database, or can't be read.</exception>
    public static void Check(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'events'";
        if (Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture) != 1)
        {
            throw new FormatException("it is a database, but no journal of runs");
        }

        command.CommandText = "PRAGMA integrity_check(1)";
        if (command.ExecuteScalar() is not "ok" and var found)
        {
            throw new FormatException($"{found}".ReplaceLineEndings(" "));
        }
    }

    /// <summary>Every run's events, in the order in which the runs were started.</summary>
    /// <exception cref="FormatException">An event is not of this version's.</exception>
    public IReadOnlyList<IReadOnlyList<RunEvent>> Read()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT run, event FROM events ORDER BY number";
        using var reader = command.ExecuteReader();
        var runs = new Dictionary<string, List<RunEvent>>();
        while (reader.Read())
        {
            var run = reader.GetString(0);
            if (!runs.TryGetValue(run, out var events))
            {
                runs.Add(run, events = []);
            }

            events.Add(RecoveryJson.Read<RunEvent>(reader.GetString(1)));
        }

        return [.. runs.Values];
    }

    /// <summary>Writes events of a run, all or none. May be called by several threads at once.</summary>
    public void Append(string run, IReadOnlyList<RunEvent> events)
    {
        foreach (var happened in events)
        {
            _watch?.Invoke(happened, false);
        }

        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var happened in events)
            {
                using var command = _connection.CreateCommand();
                command.Transaction = transaction;
                command.CommandText = "INSERT INTO events (run, at, event) VALUES ($run, $at, $event)";
                command.Parameters.AddWithValue("$run", run);
                command.Parameters.AddWithValue(
                    "$at", happened.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
                command.Parameters.AddWithValue("$event", RecoveryJson.WriteLine(happened));
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        foreach (var happened in events)
        {
            _watch?.Invoke(happened, true);
        }
    }

    public void Dispose() => _connection.Dispose();

    private void Migrate(string path)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        var version = Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (version > Version)
        {
            throw new FormatException(
                $"The journal of runs {path} has version {version}; this program knows {Version}. Use the newer program.");
        }

        Execute(
            "CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, at TEXT NOT "
                + "NULL, event TEXT NOT NULL)");
        Execute("CREATE INDEX IF NOT EXISTS events_of_run ON events (run, number)");
        Execute("PRAGMA user_version=1");
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this file come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
