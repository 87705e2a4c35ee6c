using System.Net.Sockets;
using System.Text.Json.Nodes;
using Redoubt.Storage;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The disks that clients read over the network. Each is opened once, read-only, for all who read it: QEMU has it open, and speaks NBD on a
/// socket that only this daemon reaches. It is let go with the last of them; while anybody reads it, nobody changes it.
/// </summary>
public sealed class ServedDisks(PoolServices pool)
{
    // A client that has just closed its connection may go on at once.
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<Ref<VdiRecord>, Entry> _open = [];

    /// <summary>The name of the one export on the socket of a disk.</summary>
    public const string ExportName = "disk";

    /// <summary>Opens a disk, or joins those who read it.</summary>
    /// <param name="vdi">The disk.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>Connects to the disk, as often as it is called; to be disposed of when it is read no longer.</returns>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>, <c>VDI_INCOMPATIBLE_TYPE</c>, <c>SR_NOT_ATTACHED</c>,
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>, or what the storage says.</exception>
    public async Task<ServedDisk> OpenAsync(Ref<VdiRecord> vdi, CancellationToken cancellationToken)
    {
        while (true)
        {
            Entry entry;
            lock (_gate)
            {
                if (!_open.TryGetValue(vdi, out entry!))
                {
                    _open[vdi] = entry = new();
                    entry.Opening = Task.Run(() => StartAsync(vdi), CancellationToken.None);
                }

                entry.Users += entry.IsClosing ? 0 : 1;
            }

            if (entry.IsClosing)
            {
                await entry.Gone.Task.WaitAsync(cancellationToken);
                continue;
            }

            try
            {
                return new ServedDisk((await entry.Opening.WaitAsync(cancellationToken)).ConnectAsync, () => LeaveAsync(vdi, entry));
            }
            catch
            {
                await LeaveAsync(vdi, entry);
                throw;
            }
        }
    }

    /// <summary>Waits a moment for those who read a disk to leave.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>: somebody stays.</exception>
    internal async Task WaitUnreadAsync(Ref<VdiRecord> vdi, string operation, CancellationToken cancellationToken)
    {
        Entry? entry;
        lock (_gate)
        {
            _open.TryGetValue(vdi, out entry);
        }

        try
        {
            await (entry?.Gone.Task.WaitAsync(LeaveLimit, pool.Time, cancellationToken) ?? Task.CompletedTask);
        }
        catch (TimeoutException stays)
        {
            throw new XenApiException(stays, "VDI_IN_USE", vdi.Opaque, operation);
        }
    }

    private async Task LeaveAsync(Ref<VdiRecord> vdi, Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Users > 0)
            {
                return;
            }

            entry.IsClosing = true;
        }

        try
        {
            // One that nobody waits for any more opens all the same, and is closed then.
            await ((Task)entry.Opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (entry.Opening.IsCompletedSuccessfully)
            {
                await (await entry.Opening).DisposeAsync();
            }
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(vdi);
            }

            entry.Gone.SetResult();
        }
    }

    private async Task<OpenDisk> StartAsync(Ref<VdiRecord> vdi)
    {
        using var limit = new CancellationTokenSource(OpenLimit, pool.Time);
        var disk = new OpenDisk(pool.Time);
        try
        {
            disk.Held.Push(await Operations.BeginAsync(
                pool.Database, CallContext.OfDaemon(pool, limit.Token), vdi, VdiOperations.Copy, (state, record) =>
                {
                    VdiRows.RequireNoMetadata(vdi, record);
                    VdiRows.RequireUnused(state, vdi, "copy");
                }));
            var record = pool.State.Get(vdi);
            var sr = pool.Hosts.Local.Attached.Get(record.Sr, pool.State.Get(record.Sr));
            var attached = await sr.AttachVdiAsync(SrRows.Uuid(record), SrAccess.ReadOnly, limit.Token);
            disk.Held.Push(attached);
            var source = attached.Source;
            if (source.LocalPath is null)
            {
                // What only a hypervisor reaches is had as a file.
                var device = await sr.OpenDeviceAsync(SrRows.Uuid(record), SrAccess.ReadOnly, limit.Token);
                disk.Held.Push(device);
                source = new DiskSource.File(device.Path, DiskFormat.Raw);
            }

            await StartAsync(disk, source, limit.Token);
            return disk;
        }
        catch (IOException refused)
        {
            await disk.DisposeAsync();
            throw new XenApiException(refused, "VDI_NOT_AVAILABLE", vdi.Opaque);
        }
        catch
        {
            await disk.DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync(OpenDisk disk, DiskSource source, CancellationToken cancellationToken)
    {
        // The next start of the daemon removes what one that was killed has left there.
        var directory = Path.Combine(pool.DataDirectory, "scratch", $"nbd-{Guid.NewGuid():N}");
        DurableFile.CreateDirectory(directory);
        disk.Held.Push(new Removing(directory));
        var qemu = QemuStorageDaemon.Start(directory);
        disk.Held.Push(qemu);
        await qemu.GreetAsync(cancellationToken);
        await qemu.AskAsync(
            "blockdev-add",
            new()
            {
                ["driver"] = DiskFormatName.ForQemu(source.Format),
                ["node-name"] = "disk",
                ["read-only"] = true,
                ["file"] = new JsonObject
                {
                    ["driver"] = source is DiskSource.Block ? "host_device" : "file",
                    ["filename"] = source.LocalPath,
                    ["read-only"] = true,
                },
            },
            cancellationToken);

        // By the working directory, for the path of a socket may have 107 bytes only.
        await qemu.AskAsync(
            "nbd-server-start",
            new()
            {
                ["addr"] = new JsonObject
                {
                    ["type"] = "unix",
                    ["data"] = new JsonObject { ["path"] = $"/proc/self/cwd/{OpenDisk.SocketName}" },
                },
            },
            cancellationToken);
        await qemu.AskAsync(
            "block-export-add",
            new() { ["type"] = "nbd", ["id"] = "export", ["node-name"] = "disk", ["name"] = ExportName, ["writable"] = false },
            cancellationToken);
        qemu.LeaveRunning();
        disk.ProcessId = qemu.ProcessId;
    }

    private sealed class Entry
    {
        public int Users { get; set; }

        public bool IsClosing { get; set; }

        public Task<OpenDisk> Opening { get; set; } = null!;

        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class OpenDisk(TimeProvider time) : IAsyncDisposable
    {
        public const string SocketName = "nbd";

        // The last that was taken is let go first.
        public Stack<IAsyncDisposable> Held { get; } = new();

        public int ProcessId { get; set; }

        public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await UnixSockets.ConnectAsync($"/proc/{ProcessId}/cwd/{SocketName}", time, cancellationToken);
            }
            catch (SocketException gone)
            {
                throw new IOException($"QEMU does not serve the disk any more: {gone.Message}", gone);
            }
        }

        public async ValueTask DisposeAsync()
        {
            // Whatever fails, the rest is let go all the same.
            while (Held.TryPop(out var held))
            {
                try
                {
                    await held.DisposeAsync();
                }
                catch
                {
                    await DisposeAsync();
                    throw;
                }
            }
        }
    }

    private sealed class Removing(string directory) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Directory.Delete(directory, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
