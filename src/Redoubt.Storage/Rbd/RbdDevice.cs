using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Redoubt.Storage.RbdDriver;

/// <summary>
/// Has an image of Ceph as a file of this host: <c>qemu-storage-daemon</c> opens it through librbd and exports it by FUSE, which takes no
/// module for it in the kernel and no rights. Nothing is kept on the way: what is written and flushed is with the cluster, and what is read
/// is what lies there.
/// </summary>
/// <remarks>
/// The export lives as long as somebody holds the standard input of the little script around it, and ends by itself when this process does,
/// however that ends. The key goes the same way, so that no other process of the host is told it.
/// </remarks>
internal static class RbdDevice
{
    // A process group of its own: who interrupts the daemon at a terminal lets it write to its end first.
    private const string Script =
        """{ cat; echo '{"execute":"quit"}'; } | exec qemu-storage-daemon --chardev stdio,id=monitor --monitor chardev=monitor""";

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

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
        var process = Start(path);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RbdTools.Limit);
        try
        {
            await ReadAsync(process, limit.Token); // It says what it is.
            await AskAsync(process, "qmp_capabilities", [], limit.Token);
            if (pool.Login is { } login)
            {
                await AskAsync(
                    process, "object-add",
                    new() { ["qom-type"] = "secret", ["id"] = "key", ["format"] = "base64", ["data"] = login.Key }, limit.Token);
            }

            await AskAsync(process, "blockdev-add", Node(pool, image, access), limit.Token);
            await AskAsync(
                process, "block-export-add",
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
            await EndAsync(process, path, TimeSpan.Zero);
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

        // Nothing that it still says is of interest; but a pipe that is full would stop it.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return new VdiDevice(path, () => new ValueTask(EndAsync(process, path, EndLimit)));
    }

    /// <summary>Removes what a process that was killed has left in the directory; what is still in use stays.</summary>
    public static void Sweep(string directory)
    {
        foreach (var left in Directory.Exists(directory) ? Directory.GetFiles(directory) : [])
        {
            try
            {
                File.Delete(left);
            }
            catch (Exception used) when (used is IOException or UnauthorizedAccessException)
            {
                // Another process of ours has it, or one that is about to end.
            }
        }
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

    private static Process Start(string path)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Script])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception e)
        {
            File.Delete(path);
            throw SrFailure.Backend(SrFailure.General, "setsid can't be started: install the package util-linux.", e);
        }
    }

    private static async Task AskAsync(Process process, string command, JsonObject arguments, CancellationToken cancellationToken)
    {
        var line = new JsonObject { ["execute"] = command, ["arguments"] = arguments }.ToJsonString();
        await process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken);
        await process.StandardInput.BaseStream.FlushAsync(cancellationToken);
        while (true)
        {
            var said = await ReadAsync(process, cancellationToken);
            if (said["error"] is { } refused)
                throw new IOException($"{command}: {refused["desc"]}");
            if (said["return"] is not null)
                return;
        }
    }

    private static async Task<JsonNode> ReadAsync(Process process, CancellationToken cancellationToken) =>
        await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line
            ? JsonNode.Parse(line)!
            : throw new IOException(
                $"qemu-storage-daemon has ended: {(await process.StandardError.ReadToEndAsync(cancellationToken)).Trim()}");

    private static async Task EndAsync(Process process, string path, TimeSpan limit)
    {
        using (process)
        {
            try
            {
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has ended already.
            }

            using var late = new CancellationTokenSource(limit);
            try
            {
                await process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                // It waits for storage that doesn't answer: nothing that is still under way was promised to anybody.
                process.Kill(entireProcessTree: true);
            }
        }

        try
        {
            File.Delete(path);
        }
        catch (Exception used) when (used is IOException or UnauthorizedAccessException)
        {
            // Whoever is killed takes a moment; the next start of the daemon removes it.
        }
    }
}
