using System.Globalization;
using System.Text.Json.Nodes;
using Redoubt.Storage.Images;

namespace Redoubt.Storage.RbdDriver;

/// <summary>
/// Has an image of Ceph as a file of this host: <c>qemu-storage-daemon</c> opens it through librbd and exports it by FUSE, which takes no
/// module for it in the kernel and no rights. Nothing is kept on the way: what is written and flushed is with the cluster, and what is read
/// is what lies there.
/// </summary>
internal static class RbdDevice
{
    /// <summary>Exports an image until it is let go.</summary>
    /// <param name="pool">Its pool.</param>
    /// <param name="image">The image.</param>
    /// <param name="access">What for.</param>
    /// <param name="directory">Where the file is to be.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="XenApi.XenApiException">It can't be.</exception>
    public static async Task<VdiDevice> OpenAsync(
        CephPool pool, RbdName image, SrAccess access, string directory, CancellationToken cancellationToken)
    {
        DurableFile.CreateDirectory(directory);
        var path = Path.Combine(directory, $"{Guid.NewGuid():N}");
        await File.WriteAllBytesAsync(path, [], cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RbdTools.Limit);
        QemuStorageDaemon? process = null;
        try
        {
            process = QemuStorageDaemon.Start();
            await process.GreetAsync(limit.Token);
            if (pool.Login is { } login)
            {
                await process.AskAsync(
                    "object-add",
                    new() { ["qom-type"] = "secret", ["id"] = "key", ["format"] = "base64", ["data"] = login.Key }, limit.Token);
            }

            await process.AskAsync("blockdev-add", Node(pool, image, access), limit.Token);
            await process.AskAsync(
                "block-export-add",
                new()
                {
                    ["type"] = "fuse",
                    ["id"] = "export",
                    ["node-name"] = "disk",
                    ["mountpoint"] = path,
                    ["writable"] = access == SrAccess.ReadWrite,
                },
                limit.Token);
        }
        catch (Exception e)
        {
            await (process?.EndAsync(TimeSpan.Zero) ?? Task.CompletedTask);
            TryDelete(path);
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw SrFailure.Backend(
                    SrFailure.SrUnavailable,
                    RbdTools.NotAnswering(pool),
                    e);
            if (e is IOException)
                throw SrFailure.Backend(
                    SrFailure.VdiUnavailable,
                    $"The image {image} in {pool.Place} can't be had as a device: check that it is there, and that this host has the "
                        + $"packages qemu-system-common, qemu-block-extra and fuse3, and /dev/fuse. ({e.Message})",
                    e);
            throw;
        }

        process.LeaveRunning();
        return new VdiDevice(path, async () =>
        {
            await process.DisposeAsync();
            TryDelete(path);
        });
    }

    /// <summary>Removes what a process that was killed has left in the directory; what is still in use stays.</summary>
    public static void Sweep(string directory)
    {
        foreach (var left in Directory.Exists(directory) ? Directory.GetFiles(directory) : [])
            TryDelete(left);
    }

    private static JsonObject Node(CephPool pool, RbdName image, SrAccess access)
    {
        var node = new JsonObject
        {
            ["driver"] = "rbd",
            ["node-name"] = "disk",
            ["pool"] = pool.Name,
            ["image"] = $"{image}",
            ["conf"] = "/dev/null",
            ["read-only"] = access == SrAccess.ReadOnly,
            ["cache"] = new JsonObject { ["direct"] = true },
            ["discard"] = "unmap",
            ["server"] = new JsonArray(
                [.. pool.Monitors.Select(m => new JsonObject
                {
                    ["host"] = m.Name,
                    ["port"] = m.Port.ToString(CultureInfo.InvariantCulture),
                })]),
        };
        if (pool.Login is { } login)
        {
            (node["user"], node["key-secret"]) = (login.User, "key");
        }

        return node;
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception used) when (used is IOException or UnauthorizedAccessException)
        {
            // Another process of ours has it, or one that is about to end; the next start of the daemon removes it.
        }
    }
}
