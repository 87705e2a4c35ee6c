namespace Redoubt.Storage;

/// <summary>A file that the daemon keeps in its directory.</summary>
/// <param name="Name">What it is called there.</param>
/// <param name="Holds">What it holds, as the object of a sentence.</param>
/// <param name="Without">What a start without it means, as a sentence without its full stop; null if there is none.</param>
/// <param name="MayBeMissing">Whether a start finds nothing wrong when it has gone: somebody may have archived it.</param>
/// <param name="IsPools">Whether it is a small file that is the pool's and not a host's (<see cref="PoolFiles"/>).</param>
public sealed record KeptName(string Name, string Holds, string? Without, bool MayBeMissing = false, bool IsPools = false)
{
    /// <summary>The pool's own journal.</summary>
    public const string Journal = "pool.journal";

    /// <summary>The runs of recoveries.</summary>
    public const string Runs = "runs.db";

    /// <summary>The messages for people.</summary>
    public const string Messages = "messages.jsonl";

    /// <summary>The audit log.</summary>
    public const string Audit = "audit.log";

    /// <summary>All of them. A file that is not in this list is not taken for one of the daemon's.</summary>
    public static IReadOnlyList<KeptName> All { get; } =
    [
        new(Journal, "the pool's own copy of its database", null),
        new(Runs, "the journal of all runs", "then no run of before can be resumed, undone or reported"),
        new("root-password.json", "root's password", "then root gets a new password, which is printed once", IsPools: true),
        new("user-passwords.json", "the passwords of the pool's users", "then every user must be given a new password", IsPools: true),
        new("directory-password.json", "the password for the directory of users", "then the directory must be enabled anew", IsPools: true),
        new("sites.json", "the other sites", "then the sites must be added again", IsPools: true),
        new("sites.key", "the key to the passwords of the other sites", "then the sites must be removed and added again", IsPools: true),
        new("schedules.json", "the schedules of tests", "then the schedules must be made again", IsPools: true),
        new(
            "approvals.json", "what needs two persons, and who approved of what", "then nothing needs two persons until it is said again",
            IsPools: true),
        new("operators.json", "who has ordered runs and schedules", "then runs of directory users must be resumed by them", IsPools: true),
        new(
            "metadata.key", "the pool's key for its metadata volumes",
            "then another key is drawn, and recovery sites must be told that one", IsPools: true),
        new(
            "pool-keys.json", "the keys to the secrets in the metadata of this pool and others",
            "then another key is drawn, and what was sealed with one of those stays sealed until its export is given to pool-key-import",
            IsPools: true),
        new("copies.json", "where the copies of the pool's database lie", "then it is made anew as storage is attached"),
        new(Messages, "the messages for people", "then there are no messages of before"),
        new(
            "notifications.json", "which messages have been sent to whom", "then those that are still to be sent are not sent",
            IsPools: true),
        new(Audit, "what was done", null, MayBeMissing: true),
    ];

    /// <summary>The one of a name; null if no file of that name is kept.</summary>
    public static KeptName? Find(string name) => All.FirstOrDefault(k => k.Name == name);

    /// <summary>What to do when it can't be used, as whole sentences.</summary>
    public string Advice => Without is null
        ? "Put a good copy there."
        : $"Put a good copy there, or start once with --without {Name}: {Without}.";
}
