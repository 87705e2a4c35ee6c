using System.Globalization;

namespace Redoubt.Agreement;

/// <summary>
/// What lies in etcd, by key (docs/formats/agreement.md):
/// <code>
/// /redoubt/coordinator/…              the election; the value is where clients reach the coordinator
/// /redoubt/designated                 the host that is to win the election next, if one is; goes by itself
/// /redoubt/head                       the generation that the log has reached, and the term of who wrote it
/// /redoubt/log/GENERATION             a batch of changes, by the generation that it leads to
/// /redoubt/pieces/GENERATION/NUMBER   the pieces of a batch that is too long for one request
/// /redoubt/whole                      the generation of the whole database that is kept, and of how many parts it is
/// /redoubt/parts/GENERATION/NUMBER    its parts
/// /redoubt/witnesses/UUID             a witness that is there, under its lease
/// /redoubt/kept/files/NAME            what a file holds that is the pool's and not a host's
/// /redoubt/kept/logs/LOG/entries/NUMBER   an entry of a log that is kept beside the database
/// /redoubt/kept/logs/LOG/whole        the number of its last entry that is in the whole of it that is kept, and of how many parts that is
/// /redoubt/kept/logs/LOG/parts/NUMBER/NUMBER   its parts
/// </code>
/// Generations have twenty digits, so that keys sort as they do.
/// </summary>
internal static class LogKeys
{
    public const string Election = "/redoubt/coordinator";
    public const string Designated = "/redoubt/designated";
    public const string Head = "/redoubt/head";
    public const string Log = "/redoubt/log/";
    public const string Pieces = "/redoubt/pieces/";
    public const string Whole = "/redoubt/whole";
    public const string Parts = "/redoubt/parts/";
    public const string Witnesses = "/redoubt/witnesses/";
    public const string Kept = "/redoubt/kept/";
    public const string Files = Kept + "files/";
    public const string Logs = Kept + "logs/";

    /// <summary>The key of a batch.</summary>
    public static string Batch(long generation) => Log + Digits(generation);

    /// <summary>The key of a part of a whole database.</summary>
    public static string Part(long generation, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Parts}{generation:D20}/{number:D6}");

    /// <summary>The key of a piece of a batch.</summary>
    public static string Piece(long generation, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Pieces}{generation:D20}/{number:D6}");

    /// <summary>What begins the keys of the entries of a log that is kept beside the database.</summary>
    public static string EntriesOf(string log) => $"{Logs}{log}/entries/";

    /// <summary>The key of an entry.</summary>
    public static string Entry(string log, long number) => EntriesOf(log) + Digits(number);

    /// <summary>The key of the whole of a log.</summary>
    public static string WholeOf(string log) => $"{Logs}{log}/whole";

    /// <summary>What begins the keys of its parts.</summary>
    public static string PartsOf(string log) => $"{Logs}{log}/parts/";

    /// <summary>The key of a part.</summary>
    public static string PartOf(string log, long number, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{PartsOf(log)}{number:D20}/{part:D6}");

    /// <summary>What begins with a prefix ends before this.</summary>
    public static string EndOf(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    /// <summary>The parts of whole databases older than a generation end before this.</summary>
    public static string PartsOf(long generation) => Parts + Digits(generation) + "/";

    /// <summary>The pieces of batches that lead to a generation begin here.</summary>
    public static string PiecesOf(long generation) => Pieces + Digits(generation) + "/";

    private static string Digits(long generation) => generation.ToString("D20", CultureInfo.InvariantCulture);
}
