using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Redoubt.Recovery;

/// <summary>
/// The events of all runs, in a SQLite file. An event is on disk when <see cref="Append"/> returns; several at once are there all or none.
/// Nothing is ever changed or removed.
/// <code>
///   alone:           [ events ] ───────────────────────► file
///   one of several:  [ events ] ─► the hosts agree ───► file, with the numbers that they agreed to
/// </code>
/// So the file has nothing that they did not agree to, and each host's is a beginning of one and the same journal. What they agree to are
/// lines of JSON, one for each event: <c>{"n":NUMBER,"run":UUID,"event":{…}}</c>.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private const int Version = 1;

    private readonly SqliteConnection _connection;

    // Runs write on threads of their own, and a connection can be used by one at a time.
    private readonly Lock _gate = new();
    private readonly Action<RunEvent, bool>? _watch;
    private readonly Action<Action<RunAgreement?>> _keep;
    private long _last;

    private RunJournal(SqliteConnection connection, Action<RunEvent, bool>? watch, Action<Action<RunAgreement?>>? keep)
    {
        _connection = connection;
        _watch = watch;
        _keep = keep ?? (write => write(null));
    }

    /// <summary>The number of the last event; 0 if there is none.</summary>
    public long Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <param name="path">The file; it is made if there is none.</param>
    /// <param name="watch">Told of each event, before it is written (false) and after (true); what it throws keeps the event from being
    /// written, or its writer from hearing that it was. This is how tests let an engine die.</param>
    /// <param name="keep">Does a write: <see cref="RunEngineConfig.Keep"/>.</param>
    public static RunJournal Open(string path, Action<RunEvent, bool>? watch, Action<Action<RunAgreement?>>? keep = null)
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
            var journal = new RunJournal(connection, watch, keep);
            journal.Execute("PRAGMA journal_mode=WAL");
            journal.Execute("PRAGMA synchronous=FULL");
            journal.Execute("PRAGMA busy_timeout=5000");
            journal.Migrate(path);
            journal._last = journal.ReadLast();
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

        _keep(agreement =>
        {
            lock (_gate)
            {
                List<Line> lines = [.. events.Select((e, i) => new Line(_last + 1 + i, run, e))];
                var isLong = agreement?.Entry(lines[^1].N, Encode(lines)) ?? false;
                Insert(lines);
                if (isLong)
                {
                    agreement!.Whole(_last, Encode(Lines()));
                }
            }
        });

        foreach (var happened in events)
        {
            _watch?.Invoke(happened, true);
        }
    }

    /// <summary>Lays all of it before the hosts of a pool that begins to have several.</summary>
    public void Lay(RunAgreement agreement)
    {
        lock (_gate)
        {
            agreement.Whole(_last, Encode(Lines()));
        }
    }

    /// <summary>Takes events that the hosts of the pool have agreed to; those that it has are passed over.</summary>
    /// <exception cref="FormatException">They are none, or of a newer version.</exception>
    public void Take(byte[] lines)
    {
        lock (_gate)
        {
            Insert([.. Decode(lines).Where(l => l.N > _last)]);
        }
    }

    public void Dispose() => _connection.Dispose();

    private static byte[] Encode(IEnumerable<Line> lines) => Encoding.UTF8.GetBytes(
        string.Concat(lines.Select(l => RecoveryJson.WriteLine(l) + "\n")));

    private static IEnumerable<Line> Decode(byte[] lines) =>
        Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(RecoveryJson.Read<Line>);

    // To be called with the gate closed.
    private void Insert(IReadOnlyList<Line> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        using var transaction = _connection.BeginTransaction();
        foreach (var line in lines)
        {
            using var command = _connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "INSERT INTO events (number, run, at, event) VALUES ($number, $run, $at, $event)";
            command.Parameters.AddWithValue("$number", line.N);
            command.Parameters.AddWithValue("$run", line.Run);
            command.Parameters.AddWithValue(
                "$at", line.Event.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            command.Parameters.AddWithValue("$event", RecoveryJson.WriteLine(line.Event));
            command.ExecuteNonQuery();
        }

        transaction.Commit();
        _last = lines[^1].N;
    }

    private long ReadLast()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT coalesce(max(number), 0) FROM events";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private IEnumerable<Line> Lines()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT number, run, event FROM events ORDER BY number";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return new(reader.GetInt64(0), reader.GetString(1), RecoveryJson.Read<RunEvent>(reader.GetString(2)));
        }
    }

    private sealed record Line(long N, string Run, RunEvent Event);

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
