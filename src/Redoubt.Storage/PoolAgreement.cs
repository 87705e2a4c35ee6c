namespace Redoubt.Storage;

/// <summary>
/// How the hosts of a pool agree to what is kept beside the database. Each answers when a majority of them has it for good, and throws
/// <see cref="IOException"/> if they do not agree, or if that can't be known any more.
/// </summary>
/// <param name="File">Has them agree to what a file holds, by its name.</param>
/// <param name="Entry">
/// Has them agree to the next entry of a log, by the log's name and the entry's number, which is higher than any before. Answers whether
/// the log has become long, so that all of it should be laid before them.
/// </param>
/// <param name="Whole">Has them agree to all of a log up to a number, in the place of its entries so far.</param>
public sealed record PoolAgreement(
    Action<string, byte[]> File, Func<string, long, byte[], bool> Entry, Action<string, long, byte[]> Whole)
{
    /// <summary>The log of the runs' events.</summary>
    public const string Runs = "runs";

    /// <summary>The log of the messages for people.</summary>
    public const string Messages = "messages";

    /// <summary>The audit log.</summary>
    public const string Audit = "audit";

    /// <summary>The names of all logs.</summary>
    public static IReadOnlyList<string> Logs { get; } = [Runs, Messages, Audit];
}
