using System.Globalization;
using System.IO.Compression;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Restoring;

/// <summary>
/// Puts a backup in the place of the pool's database.
/// <code>
/// 1 read the backup, work out the plan      a dry run ends here
/// 2 nothing runs, or it is refused
/// 3 a dump of what is here, to backups/
/// 4 let the storage go                      so that no scan writes into a database that is being replaced
/// 5 one transaction                         the plan made again, on the database as it is then
/// 6 attach what the backup had attached     what can't be is announced, as at a start
/// </code>
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "Lives as long as the process, and its semaphore has no handle.")]
public sealed class DatabaseRestore
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly PoolServices _pool;
    private readonly SrConnections _connections;
    private readonly Guests _guests;
    private readonly RestorePlanner _planner;

    internal DatabaseRestore(PoolServices pool, SrConnections connections, Guests guests)
    {
        (_pool, _connections, _guests) = (pool, connections, guests);
        _planner = new(pool.Pool, pool.Hosts.Local.Host, pool.Drivers.Keys.ToHashSet(), () => pool.KeyRing);
    }

    /// <summary>Restores a dump, plain or compressed with gzip, or only says what that would do.</summary>
    /// <exception cref="XenApiException">
    /// <c>COULD_NOT_IMPORT_DATABASE</c>: it is no database of a pool; <c>OPERATION_NOT_ALLOWED</c>: VMs run. Nothing has changed.
    /// </exception>
    public async Task<RestorePlan> RunAsync(Stream backup, bool dryRun, CancellationToken cancellationToken)
    {
        var dump = await Task.Run(() => Read(backup), cancellationToken);
        if (dryRun)
        {
            return await Task.Run(() => _planner.Plan(_pool.State, dump), cancellationToken);
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            RequireRest(_pool.State);
            await Task.Run(() => _planner.Plan(_pool.State, dump), cancellationToken);
            await Task.Run(SaveWhatIsHere, cancellationToken);

            // From here on it goes through to the end, whether the caller is still there or not.
            return await ReplaceAsync(dump);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<RestorePlan> ReplaceAsync(DatabaseDump dump)
    {
        var attached = _pool.State.All<PbdRecord>().Where(p => p.Record.Host == _pool.Hosts.Local.Host && p.Record.CurrentlyAttached)
            .Select(p => p.Ref).ToList();
        var plan = (RestorePlan?)null;
        try
        {
            foreach (var pbd in attached)
            {
                await _connections.UnplugAsync(pbd, CancellationToken.None);
            }

            plan = await _pool.Database.WriteAsync(
                tx =>
                {
                    RequireRest(tx.State);
                    var handedOver = tx.State.All<VmRecord>().Select(v => v.Record)
                        .Where(v => HandOverMark.On(v.BlockedOperations) is not null).ToList();
                    var (before, made) = (tx.State, _planner.Plan(tx.State, dump));
                    RestoreTransaction.Apply(tx, made);
                    HostStart.Keep(tx, before);
                    handedOver.ForEach(v => KeepMark(tx, v));
                    return made;
                },
                CancellationToken.None);
        }
        finally
        {
            if (plan is null)
            {
                await _pool.Database.WriteAsync(
                    tx => attached.Where(p => tx.Find(p) is not null).ToList()
                        .ForEach(p => tx.Update(p, r => r with { CurrentlyAttached = true })));
            }

            await _connections.RestoreAsync(CancellationToken.None);
        }

        foreach (var host in _pool.Hosts.Links.Where(h => h.Current is not null))
        {
            await _guests.RefreshAllAsync(host, CancellationToken.None);
        }

        return plan;
    }

    // A backup from before a VM was handed over knows nothing of that, and the VM is elsewhere all the same.
    private static void KeepMark(Transaction tx, VmRecord before)
    {
        var here = tx.State.FindByUuid<VmRecord>(before.Uuid);
        if (tx.Find(here) is { } restored && restored.Version <= before.Version)
        {
            VmRows.Update(
                tx,
                here,
                v => v with
                {
                    BlockedOperations = v.BlockedOperations.SetItems(before.BlockedOperations.Where(b => HandOverMark.Is(b.Value))),
                });
        }
    }

    private static DatabaseDump Read(Stream backup)
    {
        try
        {
            using var content = Decompressed(backup);
            return DumpReader.Read(content);
        }
        catch (DumpFormatException e)
        {
            throw new XenApiException(
                e, "COULD_NOT_IMPORT_DATABASE", $"It is no whole database dump: at byte {e.Position} there is {e.Found}.");
        }
        catch (InvalidDataException e)
        {
            throw new XenApiException(e, "COULD_NOT_IMPORT_DATABASE", $"Its compression is damaged: {e.Message}");
        }
    }

    private static Stream Decompressed(Stream backup)
    {
        Span<byte> head = stackalloc byte[2];
        var length = backup.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        backup.Position = 0;
        return length == 2 && head[0] == 0x1f && head[1] == 0x8b
            ? new GZipStream(backup, CompressionMode.Decompress, leaveOpen: true)
            : new BufferedStream(backup);
    }

    private static void RequireRest(DatabaseState state)
    {
        var running = state.All<VmRecord>().Select(v => v.Record)
            .Where(v => !v.IsControlDomain && v.PowerState is VmPowerState.Running or VmPowerState.Paused).Select(v => v.NameLabel)
                .Order(StringComparer.Ordinal).ToList();
        if (running.Count > 0)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The database can't be replaced while VMs run: {string.Join(", ", running)}. Shut them down first.");
        }

        if (state.All<VmRecord>().Any(v => !v.Record.CurrentOperations.IsEmpty) || state.All<VdiRecord>()
            .Any(v => !v.Record.CurrentOperations.IsEmpty)
            || state.All<SrRecord>().Any(s => !s.Record.CurrentOperations.IsEmpty))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The database can't be replaced while something is being done to a VM, a disk or an SR. Wait until it is done.");
        }
    }

    private void SaveWhatIsHere()
    {
        var directory = Directory.CreateDirectory(
            Path.Combine(_pool.DataDirectory, "backups"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var state = _pool.State;
        var stamp = _pool.Time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var path = Path.Combine(directory, $"before-restore-{stamp}-{state.Generation.ToString(CultureInfo.InvariantCulture)}.xml");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var file = new FileStream(path, options);
        DumpWriter.Write(StateDump.ToDump(state, _pool.KeyRing), file);
        file.Flush(flushToDisk: true);
    }
}
