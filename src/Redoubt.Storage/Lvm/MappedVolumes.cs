using System.Collections.Concurrent;
using System.Globalization;
using Redoubt.Storage.Images;
using Redoubt.Storage.Mounted;
using Redoubt.XenApi;

namespace Redoubt.Storage.LvmDriver;

/// <summary>
/// Has volumes as block devices of this host, each once, as long as somebody holds it: the kernel's device mapper shows the pieces of the
/// device that a volume consists of. What a guest still uses stays when the daemon ends, and is taken over as it is by the next one.
/// </summary>
/// <remarks>
/// Not as LVM's own tools would: those call what they show by the volume group, of which a copy of a device has one of the same name and
/// identity, and round a disk up to whole extents. Here each is called by its device and its volume.
/// </remarks>
/// <param name="time">The clock of the limits.</param>
internal sealed class MappedVolumes(TimeProvider time)
{
    private const long ZeroedAtOnce = 1 << 30;

    private readonly ConcurrentDictionary<string, Held> _held = new();
    private readonly ChildProcess _mapper = new(time, "dmsetup", "dmsetup");

    /// <summary>Shows a volume, if it is not shown, until what is answered is let go.</summary>
    /// <param name="device">The device that it lies on.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="access">What for. What is only looked at can't be written through what is shown.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <param name="use">By whom.</param>
    /// <exception cref="XenApiException">It can't be.</exception>
    public Task<VdiDevice> HoldAsync(
        string device, LvmVolume volume, SrAccess access, MappedUse use, CancellationToken cancellationToken) => AloneAsync(
        device, volume,
        async (name, held) =>
        {
            await ShowAsync(name, TableOf(device, volume), access, held, cancellationToken);
            held.Holders++;
            held.Readers += use == MappedUse.Read ? 1 : 0;
            return new VdiDevice(PathOf(name), () => LetGoAsync(name, held, use));
        },
        cancellationToken);

    /// <summary>Whether anybody has the volume open on this host, other than to read it as it is.</summary>
    public Task<bool> IsOpenAsync(string device, LvmVolume volume, CancellationToken cancellationToken) =>
        AloneAsync(device, volume, (name, held) => IsOpenAsync(name, held, cancellationToken), cancellationToken);

    /// <summary>Whether a volume may be changed: nobody holds it.</summary>
    /// <param name="device">The device that it lies on.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="isToGo">Whether whoever reads it as it is may go on to.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public Task<bool> IsFreeAsync(string device, LvmVolume volume, bool isToGo, CancellationToken cancellationToken) => AloneAsync(
        device, volume,
        async (name, held) =>
            held.Holders == (isToGo ? held.Readers : 0) && !await IsOpenAsync(name, held, cancellationToken),
        cancellationToken);

    /// <summary>
    /// Has a volume's place given to others, when nobody uses it: what is shown of it would show theirs. Whoever reads it as it is goes on
    /// to; then it is done when the last of them is through.
    /// </summary>
    /// <param name="device">The device that it lies on.</param>
    /// <param name="volume">The volume.</param>
    /// <param name="give">Gives its place away; may be repeated.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>Whether it is, or will be; false: somebody uses it.</returns>
    public Task<bool> TryGiveUpAsync(string device, LvmVolume volume, Func<Task> give, CancellationToken cancellationToken) => AloneAsync(
        device, volume,
        async (name, held) =>
        {
            if (held.Holders > held.Readers || await IsOpenAsync(name, held, cancellationToken))
                return false;
            if (held.Readers > 0)
            {
                held.Give = give;
                return true;
            }

            if (await FindAsync(name, cancellationToken) is not null && !await TryRemoveAsync(name))
                return false;
            await give();
            return true;
        },
        cancellationToken);

    /// <summary>Has a part of what is shown read as zeros, durably, in pieces between which it can be given up.</summary>
    public static Task ZeroAsync(string path, long start, long length, CancellationToken cancellationToken) => OwnThread.RunAsync(
        () =>
        {
            using var device = DeviceContent.Open(path);
            for (var end = start + length; start < end; start += ZeroedAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Posix.Zero(device, start, Math.Min(ZeroedAtOnce, end - start), path);
            }

            RandomAccess.FlushToDisk(device);
            return true;
        },
        cancellationToken);

    /// <summary>What is shown has whole units of its device, of which a disk may fill the last one in part.</summary>
    public static long ShownBytes(string device, long sizeBytes)
    {
        var unit = BlockSize.UnitOf(device);
        return (sizeBytes + unit - 1) / unit * unit;
    }

    /// <summary>The table by which the device mapper shows a volume.</summary>
    internal static string TableOf(string device, LvmVolume volume)
    {
        var (left, lines, number) = (ShownBytes(device, volume.SizeBytes), new List<string>(), BlockSize.NumberOf(device));
        foreach (var piece in volume.Segments.Where(p => left > 0))
        {
            var length = Math.Min(left, piece.Length);
            lines.Add(string.Create(
                CultureInfo.InvariantCulture, $"{piece.Start / 512} {length / 512} linear {number} {piece.At / 512}"));
            left -= length;
        }

        return string.Join('\n', lines);
    }

    private static string NameOf(string device, LvmVolume volume) => $"redoubt-{MountedSrDriver.KeyOf(device)}-{volume.Id}";

    // Where there is no udev, nobody makes and removes it but who asks for that.
    private static string PathOf(string name) => $"/dev/mapper/{name}";

    // What is done with one volume is done by one after the other.
    private async Task<T> AloneAsync<T>(
        string device, LvmVolume volume, Func<string, Held, Task<T>> act, CancellationToken cancellationToken)
    {
        var name = NameOf(device, volume);
        var held = _held.GetOrAdd(name, _ => new Held());
        await held.Gate.WaitAsync(cancellationToken);
        try
        {
            return await act(name, held);
        }
        finally
        {
            held.Gate.Release();
        }
    }

    private async Task ShowAsync(string name, string table, SrAccess access, Held held, CancellationToken cancellationToken)
    {
        var there = await FindAsync(name, cancellationToken);
        if (there is not null && (await RunAsync(["table", name], null, cancellationToken)).Trim() != table)
        {
            if (held.Holders > 0 || !await TryRemoveAsync(name))
                throw SrFailure.Backend(
                    SrFailure.VdiInUse, $"The volume is in use as it was before it changed, as {PathOf(name)}: shut down what uses it.");
            there = null;
        }

        if (there is { IsReadOnly: true } && access == SrAccess.ReadWrite)
        {
            // In its place, so that whoever reads it doesn't notice.
            await RunAsync(["reload", name], table, cancellationToken);
            await RunAsync(["resume", name], null, cancellationToken);
        }
        else if (there is null)
        {
            // One that was shown and has no name yet, since whoever did that died, is given it.
            string[] mode = access == SrAccess.ReadOnly ? ["--readonly"] : [];
            if (await _mapper.TryRunAsync(["create", name, .. mode], table, LvmTools.Limit, cancellationToken) is not { ExitCode: 0 })
                await ShowAgainAsync(name, table, mode, cancellationToken);
        }

        // Where udev sees to the name it is a link. Else what was left under it might be another device by now.
        if (Posix.TryGetStatus(PathOf(name)) is not { IsLink: true })
            await RunAsync(["mknodes", name], null, cancellationToken);
    }

    private async Task ShowAgainAsync(string name, string table, string[] mode, CancellationToken cancellationToken)
    {
        await RunAsync(["mknodes", name], null, cancellationToken);
        if (Path.Exists(PathOf(name)))
            await RunAsync(["remove", "--retry", name], null, cancellationToken);
        await RunAsync(["create", name, .. mode], table, cancellationToken);
    }

    private async ValueTask LetGoAsync(string name, Held held, MappedUse use)
    {
        await held.Gate.WaitAsync();
        try
        {
            held.Holders--;
            held.Readers -= use == MappedUse.Read ? 1 : 0;

            // A guest that runs on keeps it: then it is taken over when it is wanted again.
            if (held.Holders == 0 && await TryRemoveAsync(name, isPatient: use != MappedUse.Given) && held.Give is { } give)
            {
                held.Give = null;
                await give();
            }
        }
        catch (XenApiException)
        {
            // What is left over of it is swept when the SR is attached again.
        }
        finally
        {
            held.Gate.Release();
        }
    }

    // Who knocks at every device for a moment, as udev does, uses none.
    private async Task<bool> IsOpenAsync(string name, Held held, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken) is { } there && there.Opened > held.Readers
            && (held.Holders > 0 || !await TryRemoveAsync(name));

    // Whoever is patient waits for those who look at every device for a moment, as udev does.
    private async Task<bool> TryRemoveAsync(string name, bool isPatient = true)
    {
        string[] words = isPatient ? ["remove", "--retry", name] : ["remove", name];
        var ended = await _mapper.TryRunAsync(words, LvmTools.Limit, CancellationToken.None);
        var isGone = ended is { ExitCode: 0 } || (ended is not null && await FindAsync(name, CancellationToken.None) is null);
        if (isGone && Path.Exists(PathOf(name)))
            await RunAsync(["mknodes", name], null, CancellationToken.None);
        return isGone;
    }

    private async Task<Shown?> FindAsync(string name, CancellationToken cancellationToken)
    {
        // What has no name can't be open.
        if (!Path.Exists(PathOf(name)))
            return null;
        string[] words = ["info", "-c", "--noheadings", "--separator", ":", "-o", "open,attr", name];
        var ended = await _mapper.TryRunAsync(words, LvmTools.Limit, cancellationToken);
        if (ended is { ExitCode: 0 } && ended.Output.Trim().Split(':') is [var open, var attributes]
            && int.TryParse(open, NumberStyles.None, CultureInfo.InvariantCulture, out var opened))
            return new Shown(opened, attributes.Contains('r', StringComparison.Ordinal));
        return ended is not null && ended.Errors.Contains("does not exist", StringComparison.Ordinal) ? null : throw Failure(words, ended);
    }

    private async Task<string> RunAsync(IReadOnlyList<string> words, string? table, CancellationToken cancellationToken)
    {
        var ended = await _mapper.TryRunAsync(words, table, LvmTools.Limit, cancellationToken);
        return ended is { ExitCode: 0 } ? ended.Output : throw Failure(words, ended);
    }

    private static XenApiException Failure(IReadOnlyList<string> words, ProgramRun? ended)
    {
        var said = ended?.Errors.Trim().Split('\n').FirstOrDefault() ?? "no answer";
        var (number, sentence) = ended switch
        {
            null => (SrFailure.SrUnavailable, "The storage does not answer: check its cable, its path and the kernel's log."),
            _ when ended.Errors.Contains("control", StringComparison.Ordinal) => (
                SrFailure.General, "This host's kernel has no device mapper, without which there are no disks on LVM: load it (modprobe "
                    + "dm-mod)."),
            _ when ended.Errors.Contains("Read-only", StringComparison.Ordinal)
                || ended.Errors.Contains("Permission denied", StringComparison.Ordinal) => (
                SrFailure.SrUnavailable,
                "The device can't be written: if it is the copy of a mirror, promote it, or attach the SR read-only."),
            _ => (SrFailure.VdiUnavailable, "The disk can't be had as a device: check the device below and the kernel's log."),
        };
        return SrFailure.Backend(number, $"{sentence} (dmsetup {string.Join(' ', words)}: {said})");
    }

    private sealed record Shown(int Opened, bool IsReadOnly);

    private sealed class Held
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public int Holders { get; set; }

        public int Readers { get; set; }

        public Func<Task>? Give { get; set; }
    }
}
