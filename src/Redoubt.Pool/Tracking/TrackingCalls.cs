using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Which blocks of disks have changed, for backup programs. Nothing is noted while a guest writes: snapshots are whole, so what differs
/// between two disks is found by reading them, and is the truth whatever has died meanwhile. A snapshot whose data is destroyed leaves the
/// digests of its blocks (<see cref="BlockTable"/>) in its place.
/// <code>
/// data_destroy  1 the type cbt_metadata, the table's mark, and that the data is there still    a daemon that dies leaves either content:
///               2 the table written in the place of the data, in one step                      the mark in it tells which one it is
///               3 the data noted as gone
/// </code>
/// </summary>
internal sealed partial class TrackingCalls(PoolServices pool, VdiCalls vdis)
{
    [Message("VDI.enable_cbt")]
    public Task EnableCbtAsync(CallContext call, Ref<VdiRecord> self) => SetAsync(call, self, true);

    [Message("VDI.disable_cbt")]
    public Task DisableCbtAsync(CallContext call, Ref<VdiRecord> self) => SetAsync(call, self, false);

    [Message("VDI.list_changed_blocks")]
    public async Task<string> ListChangedBlocksAsync(CallContext call, Ref<VdiRecord> vdiFrom, Ref<VdiRecord> vdiTo)
    {
        if (vdiFrom == vdiTo)
        {
            throw Failed("Source and target VDI are the same one: a disk has no blocks that differ from its own.");
        }

        await using var first = await ReadingAsync(call, vdiFrom);
        await using var second = await ReadingAsync(call, vdiTo);
        var (from, to) = (pool.State.Get(vdiFrom), pool.State.Get(vdiTo));
        try
        {
            await using var earlier = await DigestsAsync(vdiFrom, from, _ => Task.CompletedTask, call.Cancellation);
            await using var later = await DigestsAsync(vdiTo, to, call.Task.ReportAsync, call.Cancellation);
            return Convert.ToBase64String(
                await ChangedBlocks.FindAsync(earlier, later, BlockDigests.CountOf(to.VirtualSize), call.Cancellation));
        }
        catch (InvalidDataException damaged)
        {
            throw Failed(
                $"The changed blocks between the disks {from.Uuid} and {to.Uuid} can't be told, for {damaged.Message}: read the later one "
                    + "whole.",
                damaged);
        }
    }

    [Message("VDI.data_destroy")]
    public async Task DataDestroyAsync(CallContext call, Ref<VdiRecord> self)
    {
        await pool.Served.WaitUnreadAsync(self, "data_destroy", call.Cancellation);
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, self, VdiOperations.DataDestroy, (state, record) => RequireDestructible(state, self, record));
        if (pool.State.Get(self) is { Type: XenApi.VdiType.CbtMetadata } done && !done.SmConfig.ContainsKey(Marks.DataIsThere))
        {
            return;
        }

        var sr = SrRows.Writable(pool, pool.State.Get(self).Sr);
        var mark = await pool.Database.WriteAsync(tx => NoteIntent(tx, self), call.Cancellation);
        try
        {
            var record = pool.State.Get(self);
            await using var digests = await DigestsAsync(self, record, call.Task.ReportAsync, call.Cancellation);
            await using var table = BlockTable.Write(mark, record.VirtualSize, digests);
            await sr.ImportVdiAsync(SrRows.Uuid(record), table, DiskFormat.Raw, call.Cancellation);
        }
        catch (Exception failed)
        {
            // Storage that does not answer may write the table yet. As long as it is noted that either may be there, both are understood.
            if (failed is not XenApiException { Code: "SR_BACKEND_FAILURE_47" })
            {
                await Undoing.TryAsync(
                    pool, Cls.Vdi, pool.State.Find(self)?.Uuid ?? "",
                    "Whether the data of the disk is destroyed could not be seen, and both is understood. Repeat it (vdi-data-destroy).",
                    () => SettleAsync(self));
            }

            throw;
        }

        await SettleAsync(self);
    }

    /// <summary>
    /// Finds out of each disk whose data a daemon that died was destroying whether it is gone, and notes it. It reads the disks; until it
    /// has, both are understood.
    /// </summary>
    public async Task SettleAllAsync()
    {
        foreach (var (vdi, record) in pool.State.All<VdiRecord>().Where(v => v.Record.SmConfig.ContainsKey(Marks.DataIsThere)).ToList())
        {
            try
            {
                await using var operation = await Operations.BeginAsync(
                    pool.Database, CallContext.OfDaemon(pool, CancellationToken.None), vdi, VdiOperations.DataDestroy, (_, _) => { });
                await SettleAsync(vdi);
            }
            catch (Exception unclear)
            {
                // On storage that is not there now, or not this pool's, both stay possible.
                pool.Loggers.CreateLogger<TrackingCalls>().LogInformation(
                    "Whether the data of the disk {Uuid} is destroyed is not known yet: {Message}", record.Uuid, unclear.Message);
            }
        }
    }

    private Task SetAsync(CallContext call, Ref<VdiRecord> self, bool isEnabled) => pool.Database.WriteAsync(
        tx =>
        {
            var vdi = tx.Get(self);
            if (vdi.IsASnapshot)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", $"VDI is a snapshot: {self.Opaque}");
            }

            RequireType(self, vdi, XenApi.VdiType.User, XenApi.VdiType.System);
            RequireStorage(tx.State, self, vdi);
            tx.Update(self, v => v with { CbtEnabled = isEnabled });
        },
        call.Cancellation);

    private async Task<IAsyncDisposable> ReadingAsync(CallContext call, Ref<VdiRecord> vdi)
    {
        await pool.Served.WaitUnreadAsync(vdi, "list_changed_blocks", call.Cancellation);
        return await Operations.BeginAsync(pool.Database, call, vdi, VdiOperations.ListChangedBlocks, (state, record) =>
        {
            RequireType(vdi, record, XenApi.VdiType.User, XenApi.VdiType.System, XenApi.VdiType.CbtMetadata);
            RequireStorage(state, vdi, record);
            if (!record.CbtEnabled)
            {
                throw new XenApiException("VDI_NO_CBT_METADATA", vdi.Opaque);
            }

            VdiRows.RequireUnused(state, vdi, "list_changed_blocks");
        });
    }

    private void RequireDestructible(DatabaseState state, Ref<VdiRecord> vdi, VdiRecord record)
    {
        if (!record.IsASnapshot)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"VDI is not a snapshot: {vdi.Opaque}");
        }

        RequireType(vdi, record, XenApi.VdiType.User, XenApi.VdiType.System, XenApi.VdiType.CbtMetadata);
        if (!record.CbtEnabled)
        {
            throw new XenApiException("VDI_NO_CBT_METADATA", vdi.Opaque);
        }

        RequireStorage(state, vdi, record);

        // A snapshot of a VM that lost the data of its disk could not be gone back to.
        if (!record.Vbds.IsEmpty)
        {
            throw new XenApiException("VDI_IN_USE", vdi.Opaque, "data_destroy");
        }
    }

    private static void RequireType(Ref<VdiRecord> vdi, VdiRecord record, params ReadOnlySpan<XenApi.VdiType> types)
    {
        if (!types.Contains(record.Type))
        {
            throw VdiRows.Incompatible(vdi, record);
        }
    }

    private void RequireStorage(DatabaseState state, Ref<VdiRecord> vdi, VdiRecord record)
    {
        var sr = state.Get(record.Sr);
        if (!SrRows.Driver(pool, sr.Type).Features.ChangesVdis)
        {
            throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", record.Sr.Opaque);
        }

        if (record.Missing)
        {
            throw new XenApiException("VDI_MISSING", record.Sr.Opaque, vdi.Opaque);
        }
    }

    /// <returns>The mark that the table is to have; the same one when an attempt is repeated, for the first may succeed late.</returns>
    private static byte[] NoteIntent(Transaction tx, Ref<VdiRecord> vdi)
    {
        var record = tx.Get(vdi);
        if (record.SmConfig.ContainsKey(Marks.DataIsThere))
        {
            return MarkOf(record) ?? throw new XenApiException("VDI_NO_CBT_METADATA", vdi.Opaque);
        }

        var mark = RandomNumberGenerator.GetBytes(BlockTable.MarkBytes);
        tx.Update(vdi, v => v with
        {
            Type = XenApi.VdiType.CbtMetadata,
            SmConfig = v.SmConfig.SetItem(Marks.BlockTable, Convert.ToHexStringLower(mark))
                .SetItem(Marks.DataIsThere, VdiTypeType.Instance.Encode(record.Type)),
        });
        return mark;
    }

    private async Task SettleAsync(Ref<VdiRecord> vdi)
    {
        if (pool.State.Find(vdi) is not { } record || MarkOf(record) is not { } mark)
        {
            return;
        }

        var sr = SrRows.Writable(pool, record.Sr);
        var uuid = SrRows.Uuid(record);
        bool isTable;
        await using (var disk = await sr.ExportVdiAsync(uuid, DiskFormat.Raw, CancellationToken.None))
        {
            await using var table = await BlockTable.TryReadAsync(mark, record.VirtualSize, disk, CancellationToken.None);
            isTable = table is not null;
        }

        await pool.Database.WriteAsync(
            tx => tx.Update(vdi, v => v.SmConfig.GetValueOrDefault(Marks.DataIsThere) is not { } type ? v : isTable
                ? v with { SmConfig = v.SmConfig.Remove(Marks.DataIsThere) }
                : v with
                {
                    Type = VdiTypeType.Instance.Decode(type),
                    SmConfig = v.SmConfig.RemoveRange([Marks.DataIsThere, Marks.BlockTable]),
                }),
            CancellationToken.None);
        await vdis.SettleAsync(vdi);
    }

    private async Task<Stream> DigestsAsync(
        Ref<VdiRecord> vdi, VdiRecord record, Func<double, Task> report, CancellationToken cancellationToken)
    {
        if (record.Type == XenApi.VdiType.CbtMetadata)
        {
            var mark = MarkOf(record) ?? throw new XenApiException("VDI_NO_CBT_METADATA", vdi.Opaque);
            var disk = await OpenAsync(record, cancellationToken);
            if (await BlockTable.TryReadAsync(mark, record.VirtualSize, disk, cancellationToken) is { } table)
            {
                return table;
            }

            await disk.DisposeAsync();
            if (!record.SmConfig.ContainsKey(Marks.DataIsThere))
            {
                throw new InvalidDataException($"what was kept of the blocks of the disk {record.Uuid} is damaged");
            }
        }

        return new ReportingStream(
            new BlockDigests(await OpenAsync(record, cancellationToken)),
            BlockDigests.CountOf(record.VirtualSize) * BlockDigests.DigestBytes, report);
    }

    private Task<Stream> OpenAsync(VdiRecord vdi, CancellationToken cancellationToken) =>
        pool.Hosts.Attached(vdi.Sr, pool.State.Get(vdi.Sr)).ExportVdiAsync(SrRows.Uuid(vdi), DiskFormat.Raw, cancellationToken);

    private static byte[]? MarkOf(VdiRecord vdi)
    {
        var mark = new byte[BlockTable.MarkBytes];
        return Convert.FromHexString(vdi.SmConfig.GetValueOrDefault(Marks.BlockTable, ""), mark, out _, out var written)
            == System.Buffers.OperationStatus.Done && written == mark.Length ? mark : null;
    }

    // The number that xapi's storage manager has for it.
    private static XenApiException Failed(string sentence, Exception? cause = null) =>
        new(cause, "SR_BACKEND_FAILURE_460", "", sentence, "");
}
