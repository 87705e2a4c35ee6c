using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What the behaviour of every class works with. Made once, when the daemon starts.</summary>
public sealed class PoolServices
{
    /// <summary>Makes them.</summary>
    public PoolServices() => Served = new(this);

    /// <summary>The pool's database.</summary>
    public required PoolDatabase Database { get; init; }

    /// <summary>The sessions that are logged in.</summary>
    public required Sessions Sessions { get; init; }

    /// <summary>The hosts that this daemon can have VMs run on.</summary>
    public required Hosts Hosts { get; init; }

    /// <summary>The kinds of SR there are, by type.</summary>
    public required IReadOnlyDictionary<string, ISrDriver> Drivers { get; init; }

    /// <summary>Where on this host that may lie which somebody at a distance names.</summary>
    public required HostRoots Roots { get; init; }

    /// <summary>Who may work on which SR now.</summary>
    public SrGates Gates { get; } = new();

    /// <summary>The disks that clients read over the network.</summary>
    public ServedDisks Served { get; }

    /// <summary>Where the copies of the database lie.</summary>
    internal KnownCopies Copies { get; init; } = null!;

    /// <summary>Keeps the messages.</summary>
    internal MessageLog Messages { get; init; } = null!;

    /// <summary>
    /// Whether the end of the pool's own journal was damaged when the daemon started, or it was made anew, so that a copy on an SR may have
    /// more.
    /// </summary>
    public required bool StartedFromDamage { get; init; }

    /// <summary>The key with which this pool signs its metadata volumes.</summary>
    public required VolumeKey MetadataKey { get; init; }

    /// <summary>The keys to the secrets in its metadata.</summary>
    internal PoolKeys Keys { get; init; } = null!;

    /// <summary>Whether secrets in the metadata are sealed with a key that nobody but this daemon has.</summary>
    public bool IsKeyNowhereElse => Database.Journals.Any() && !IsKeyHandedOut && SealingPolicy.HasUnsealed(State);

    /// <summary>Whether somebody has been given the key that secrets are sealed with now.</summary>
    public bool IsKeyHandedOut => Keys.Held is var held && held.Exports.Any(e => e.KeyId == held.Own);

    /// <summary>Where the operator is told of what goes wrong.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>What the parts of the daemon count and measure.</summary>
    public required Meter Meter { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The daemon's own directory.</summary>
    public string DataDirectory => Files.FullPath;

    /// <summary>What of that is the pool's.</summary>
    public required PoolFiles Files { get; init; }

    /// <summary>The pool.</summary>
    public required Ref<PoolRecord> Pool { get; init; }

    /// <summary>The pool's UUID.</summary>
    public string PoolUuid => State.Get(Pool).Uuid;

    /// <summary>Where others reach the server of this pool; null as long as it does not listen.</summary>
    public Uri? Url { get; private set; }

    /// <summary>
    /// Asks every site that this pool knows about a VM, by its UUID, all at once and within a limit; null where sites are not known.
    /// </summary>
    public Func<string, CancellationToken, Task<ImmutableArray<SiteAnswer>>>? AskSites { get; set; }

    /// <summary>Asks whether a second person has approved of what needs two.</summary>
    public ActGuard Guard { get; set; } = (_, _, _, _) => { };

    /// <summary>The sites that this pool knows, without what they would say.</summary>
    public Func<ImmutableArray<SiteAnswer>> Sites { get; set; } = () => [];

    /// <summary>The database as it is now.</summary>
    public DatabaseState State => Database.State;

    /// <summary>
    /// A new file of the daemon's own for what is too long for memory. It is gone when it is closed, and when the daemon dies, for it has
    /// no name from the beginning.
    /// </summary>
    /// <param name="purpose">What for, for whoever looks at what the daemon has open.</param>
    public FileStream OpenScratch(string purpose)
    {
        var path = Path.Combine(DataDirectory, "scratch", $"{purpose}-{Guid.NewGuid():D}");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            File.Delete(path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Notes where others reach the server of this pool from now on.</summary>
    public async Task ListensAtAsync(Uri url, CancellationToken cancellationToken)
    {
        Url = url;
        await Database.WriteAsync(tx => ConsoleRows.Place(tx, url), cancellationToken);
    }

    /// <summary>What seals the secrets of what leaves the daemon, and opens those that come back.</summary>
    public KeyRing KeyRing => Keys.Ring;

    /// <summary>Writes every copy of the database whole.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="times">How often: see <see cref="PoolDatabase.FlushWholeAsync"/>.</param>
    /// <exception cref="XenApiException"><c>INTERNAL_ERROR</c>: which can't be written, each with its reason; the others have
    /// been.</exception>
    internal async Task WriteWholeAsync(CancellationToken cancellationToken, int times = 1)
    {
        try
        {
            await Database.FlushWholeAsync(cancellationToken, times);
        }
        catch (AggregateException e)
        {
            throw new XenApiException(
                e, "INTERNAL_ERROR",
                "Not every copy of the database could be written whole: "
                    + $"{string.Join("; ", e.InnerExceptions.Select(i => i.Message.TrimEnd('.')))}");
        }
    }

    /// <summary>
    /// Remembers a pool's key for its metadata volumes as that pool itself named it, over a connection that is known to lead to it. It
    /// takes the place of a key that was only met on storage; what an operator has set stays.
    /// </summary>
    /// <returns>Whether anything has changed.</returns>
    public Task<bool> TrustKeyAsync(string poolUuid, string fingerprint) => MetadataTrust.NameAsync(this, poolUuid, fingerprint);

    /// <summary>Tells people of something, in the table of messages.</summary>
    public Task PostAsync(Announcement announcement) => Database.WriteAsync(
        tx => MessageLog.Add(tx, announcement, Time.GetUtcNow()), CancellationToken.None);
}
