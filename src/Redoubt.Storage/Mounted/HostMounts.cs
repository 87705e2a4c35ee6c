using System.Collections.Concurrent;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.Mounted;

/// <summary>
/// Mounts the file systems that SRs lie on, each once, in a directory of the daemon's own, as long as somebody holds it. What a guest still
/// uses stays mounted when the daemon ends, and is taken over as it is by the next one.
/// </summary>
/// <remarks>
/// One that is mounted for looking is mounted anew when somebody is to write to it: journals that were not looked into are then replayed,
/// which a remount does not do.
/// </remarks>
/// <param name="root">The directory.</param>
/// <param name="time">The clock of the limits.</param>
internal sealed class HostMounts(string root, TimeProvider time)
{
    // Programs that hang on dead storage are given up before whoever asked for the SR is.
    private static readonly TimeSpan MountLimit = TimeSpan.FromSeconds(14);
    private static readonly TimeSpan UnmountLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, HeldMount> _held = new();
    private readonly ChildProcess _mount = new(time, "mount", "mount");
    private readonly ChildProcess _unmount = new(time, "umount", "mount");

    /// <summary>Mounts a file system, if it is not mounted, until what is answered is let go.</summary>
    /// <exception cref="XenApiException">It can't be.</exception>
    public async Task<VdiDevice> HoldAsync(FileSystemMount wanted, SrAccess access, CancellationToken cancellationToken)
    {
        var directory = Path.Combine(root, wanted.Key);
        var held = _held.GetOrAdd(directory, _ => new HeldMount());
        await held.Gate.WaitAsync(cancellationToken);
        try
        {
            await MountAsync(wanted, access, directory, held, cancellationToken);
            held.Holders++;
        }
        finally
        {
            held.Gate.Release();
        }

        return new VdiDevice(directory, () => LetGoAsync(directory, held));
    }

    private async Task MountAsync(
        FileSystemMount wanted, SrAccess access, string directory, HeldMount held, CancellationToken cancellationToken)
    {
        var there = MountTable.Find(directory);
        if (there is not null && !IsSame(there, wanted))
        {
            if (held.Holders > 0 || !await TryUnmountAsync(directory))
                throw Busy(wanted, $"another one, {there.Source}, is mounted in its place at {directory}");
            there = null;
        }

        if (there is { IsReadOnly: true } && access == SrAccess.ReadWrite)
        {
            if (!await TryUnmountAsync(directory))
                throw Busy(wanted, $"it is mounted read-only at {directory}, and in use");
            there = null;
        }

        if (there is not null)
            return;
        DurableFile.CreateDirectory(directory);
        var options = access == SrAccess.ReadOnly ? wanted.LookingOptions : wanted.WorkingOptions;
        // Last, so that nothing before it takes it back. -w: or what is write-protected is mounted read-only, and that goes for success.
        string[] mode = access == SrAccess.ReadOnly ? ["-r"] : ["-w"];
        string[] words = ["-t", wanted.Type, .. mode, "-o", $"{options},nosuid,nodev,noexec", "--", wanted.Source, directory];
        try
        {
            await _mount.RunAsync(words, MountLimit, cancellationToken);
        }
        catch (XenApiException e)
        {
            throw SrFailure.Backend(wanted.FailureNumber, $"{wanted.Source} can't be mounted: {wanted.Advice} ({e.Parameters[1]})", e);
        }

        // btrfs goes by an identity that a copy of a device has too, and may give one for the other.
        if (MountTable.Find(directory) is { } made && !IsSame(made, wanted))
        {
            await TryUnmountAsync(directory);
            throw Busy(wanted, $"{made.Source} holds the same file system, of which it is a copy, and was mounted instead");
        }
    }

    private async ValueTask LetGoAsync(string directory, HeldMount held)
    {
        await held.Gate.WaitAsync();
        try
        {
            // A guest that runs on keeps it, and so does whoever is in it from a shell: then it is taken over when it is wanted again.
            if (--held.Holders == 0 && await TryUnmountAsync(directory))
                Directory.Delete(directory);
        }
        catch (IOException)
        {
            // An empty directory more or less.
        }
        finally
        {
            held.Gate.Release();
        }
    }

    private async Task<bool> TryUnmountAsync(string directory)
    {
        try
        {
            await _unmount.RunAsync(["--", directory], UnmountLimit, CancellationToken.None);
            return true;
        }
        catch (XenApiException)
        {
            return MountTable.Find(directory) is null;
        }
    }

    // A device has several names, of which the kernel tells one; and what is only looked at is mounted through a loop device on it.
    private static bool IsSame(MountedFileSystem there, FileSystemMount wanted) =>
        there.Source == wanted.Source
        || (wanted.Source.StartsWith('/') && new[] { there.Source, BehindLoop(there.Source) }.Any(
            s => s is not null && Posix.RealPath(s) == Posix.RealPath(wanted.Source)));

    private static string? BehindLoop(string source)
    {
        try
        {
            return File.ReadAllText($"/sys/class/block/{Path.GetFileName(source)}/loop/backing_file").TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static XenApiException Busy(FileSystemMount wanted, string how) => SrFailure.Backend(
        SrFailure.SrInUse,
        $"{wanted.Source} can't be mounted: {how}. Shut down what uses it (fuser -vm names the processes), then repeat.");

    private sealed class HeldMount
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public int Holders { get; set; }
    }
}
