using System.Globalization;
using System.Text.Json;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.RbdDriver;

/// <summary>
/// Ceph's own programs, on one pool. Whoever's key it takes is given to them on their standard input, and nothing else of this host leads
/// them anywhere: no configuration and no key ring of its own.
/// </summary>
internal sealed class RbdTools(CephPool pool, TimeProvider time)
{
    /// <summary>For what takes a moment on a cluster that answers. They give up by themselves a little earlier.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(14);

    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int Invalid = 22;
    private const int NoSpace = 28;
    private const int IsReadOnly = 30;
    private const int TimedOut = 110;
    private const int QuotaExceeded = 122;

    private readonly ChildProcess _rbd = new(time, "rbd", "ceph-common");
    private readonly ChildProcess _rados = new(time, "rados", "ceph-common");

    /// <summary>The pool.</summary>
    public CephPool Pool => pool;

    /// <summary>The same on another pool.</summary>
    public RbdTools For(CephPool other) => new(other, time);

    /// <summary>The images of SRs, or of clones for tests, in the pool.</summary>
    public async Task<IReadOnlyList<RbdName>> ListAsync(CancellationToken cancellationToken)
    {
        using var json = JsonDocument.Parse(await RunAsync(["ls", "--format", "json", pool.Name], cancellationToken));
        return [.. json.RootElement.EnumerateArray().Select(n => ParseName(n.GetString()!)).OfType<RbdName>()];
    }

    /// <summary>Those of an SR that are disks, each with its size.</summary>
    public async Task<IReadOnlyList<RbdImage>> ListAsync(SrUuid sr, CancellationToken cancellationToken)
    {
        // Those of others are looked at too: the program can't be asked for some.
        string[] words = ["ls", "-l", "--format", "json", pool.Name];
        using var json = JsonDocument.Parse(await RunAsync(words, cancellationToken, SrLooks.ScanLimit));
        var all = json.RootElement.EnumerateArray().Where(i => !i.TryGetProperty("snapshot", out _))
            .Select(i => (Name: ParseName(i.GetProperty("image").GetString()!), Bytes: i.GetProperty("size").GetInt64()))
            .Where(i => i.Name?.Sr == sr && i.Name.Vdi is not null)
            .Select(i => new RbdImage(i.Name!, i.Bytes));
        return Disks(all);
    }

    /// <summary>Of the images of an SR those that are its disks now.</summary>
    public static IReadOnlyList<RbdImage> Disks(IEnumerable<RbdImage> images) =>
        [.. images.Where(i => i.Name.Step is null or RbdName.Next)
            .GroupBy(i => i.Name.Vdi!.Value)
            .Select(g => g.MinBy(i => i.Name.Step is null ? 0 : 1)!)
            .OrderBy(i => i.Name.Vdi!.Value.ToString(), StringComparer.Ordinal)];

    /// <summary>What is to be told of one image; null if it is not there.</summary>
    public async Task<JsonElement?> FindAsync(RbdName image, CancellationToken cancellationToken)
    {
        string[] words = ["info", "--format", "json", pool.NameOf($"{image}")];
        if (await TryAsync(words, Limit, ErrorNumber.NotThere, cancellationToken) is not { } said)
            return null;
        using var json = JsonDocument.Parse(said);
        return json.RootElement.Clone();
    }

    /// <summary>Whether anybody has the image open for writing.</summary>
    public async Task<bool> IsWatchedAsync(RbdName image, CancellationToken cancellationToken)
    {
        using var json = JsonDocument.Parse(await RunAsync(["status", "--format", "json", pool.NameOf($"{image}")], cancellationToken));
        return json.RootElement.TryGetProperty("watchers", out var watchers)
            && (watchers.ValueKind == JsonValueKind.Array ? watchers.GetArrayLength() > 0 : watchers.EnumerateObject().Any());
    }

    /// <summary>Makes an image that reads as zeros; false if there is one.</summary>
    public async Task<bool> TryCreateAsync(RbdName image, long bytes, CancellationToken cancellationToken, string objectSize = "4M") =>
        await TryAsync(
            ["create", "--size", $"{bytes.ToString(CultureInfo.InvariantCulture)}B", "--object-size", objectSize, pool.NameOf($"{image}")],
            Limit, ErrorNumber.Exists, cancellationToken) is not null;

    /// <summary>Gives an image another name; false if there is one of that.</summary>
    public async Task<bool> TryRenameAsync(RbdName image, RbdName name, CancellationToken cancellationToken) =>
        await TryAsync(
            ["rename", pool.NameOf($"{image}"), pool.NameOf($"{name}")], Limit, ErrorNumber.Exists, cancellationToken) is not null;

    /// <summary>Removes an image, if it is there.</summary>
    /// <exception cref="XenApiException">Code 24: somebody uses it.</exception>
    public async Task RemoveAsync(RbdName image, TimeSpan limit, CancellationToken cancellationToken) =>
        await TryAsync(["rm", "--no-progress", pool.NameOf($"{image}")], limit, ErrorNumber.NotThere, cancellationToken);

    /// <summary>Runs <c>rbd</c>.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="XenApiException">It failed, or took too long.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken, TimeSpan? limit = null) =>
        (await TryAsync(words, limit ?? Limit, null, cancellationToken))!;

    /// <summary>The names of the cluster's pools.</summary>
    public async Task<IReadOnlyList<string>> PoolsAsync(CancellationToken cancellationToken) =>
        (await TryAsync(_rados, ["lspools"], Limit, null, cancellationToken))!.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What the cluster has, and what of it is taken.</summary>
    public async Task<SrState> MeasureAsync(CancellationToken cancellationToken)
    {
        using var json = JsonDocument.Parse((await TryAsync(_rados, ["df", "--format", "json"], Limit, null, cancellationToken))!);
        long Bytes(string name) => json.RootElement.GetProperty(name).GetInt64() << 10;
        return new SrState { PhysicalSizeBytes = Bytes("total_space"), PhysicalUtilisationBytes = Bytes("total_used") };
    }

    private Task<string?> TryAsync(
        IReadOnlyList<string> words, TimeSpan limit, ErrorNumber? expected, CancellationToken cancellationToken) =>
        TryAsync(_rbd, words, limit, expected, cancellationToken);

    // Null: it failed as was expected.
    private async Task<string?> TryAsync(
        ChildProcess program, IReadOnlyList<string> words, TimeSpan limit, ErrorNumber? expected, CancellationToken cancellationToken)
    {
        var (user, input) = pool.Login is { } login ? (login.User, login.Key) : ("admin", "");
        string[] way =
        [
            "-c", "/dev/null", "-m", pool.Addresses, "--id", user, "--keyring", "/dev/null", "--client-mount-timeout", "10",
            .. pool.Login is null ? Array.Empty<string>() : ["--keyfile", "-"],
        ];
        var ended = await program.TryRunAsync([.. words, .. way], input, limit, cancellationToken);
        if (ended is { ExitCode: 0 })
            return ended.Output;
        if (ended is not null && expected is { } number && ended.ExitCode == (int)number)
            return null;
        throw Failure(string.Join(' ', words), ended);
    }

    private XenApiException Failure(string words, ProgramRun? ended)
    {
        var said = ended?.Errors.Trim().Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "no answer";
        var (number, sentence) = ended?.ExitCode switch
        {
            null or TimedOut => (SrFailure.SrUnavailable, NotAnswering(pool)),
            NotPermitted or AccessDenied => (
                SrFailure.SrUnavailable,
                $"The Ceph cluster at {pool.Addresses} refuses {pool.Login?.User ?? "whoever has no key"}: check the user, its key, and "
                    + "that it has the capabilities mon 'profile rbd' and osd 'profile rbd pool="
                    + $"{(pool.Name.Length > 0 ? pool.Name : "POOL")}'."),
            (int)ErrorNumber.NotThere => (
                SrFailure.SrUnavailable, $"It is not in {pool.Place}: check that the pool is there, and scan the SR."),
            NoSpace or QuotaExceeded => (SrFailure.NoSpace, $"The storage is full, {pool.Place}: free space or enlarge it, then repeat."),
            (int)ErrorNumber.InUse or (int)ErrorNumber.HasSnapshots => (
                SrFailure.VdiInUse,
                "The image is in use: shut down the VM that has it, end the test that stands on it, or remove its snapshots (rbd snap ls). "
                    + "An image that a dead host had open is free after half a minute."),
            IsReadOnly => (
                SrFailure.SrUnavailable,
                $"The image in {pool.Place} can't be written: if it is the copy that rbd-mirror makes of another one, promote it (rbd "
                    + "mirror image promote)."),
            Invalid when said.Contains("connect", StringComparison.Ordinal) => (
                SrFailure.SrUnavailable,
                $"The Ceph cluster at {pool.Addresses} can't be connected to: check the monitors, the user and its key."),
            _ => (SrFailure.InputOutput, $"Ceph could not do it in {pool.Place}: see the cluster's health (ceph -s)."),
        };
        return SrFailure.Backend(number, $"{sentence} (rbd {words}: {said})");
    }

    /// <summary>What is said of a cluster that does not answer.</summary>
    public static string NotAnswering(CephPool pool) =>
        $"The Ceph cluster at {pool.Addresses} does not answer: check that its monitors run and have a quorum, and that its OSDs are up "
            + "(ceph -s).";

    private RbdName? ParseName(string text) => RbdName.TryParse(text, out var name) && name.IsForTests == pool.IsForTests ? name : null;

    // As errno has them; the programs end with them.
    private enum ErrorNumber
    {
        NotThere = 2,
        InUse = 16,
        Exists = 17,
        HasSnapshots = 39,
    }
}
