using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.LvmDriver;

/// <summary>
/// LVM's own program, on one device and no other, so that a copy of it beside it is not seen. It never speaks with the kernel's device
/// mapper (see <see cref="MappedVolumes"/>), and keeps nothing on this host.
/// </summary>
/// <param name="device">The device, by the name that no link leads from.</param>
/// <param name="time">The clock of the limits.</param>
internal sealed class LvmTools(string device, TimeProvider time)
{
    /// <summary>For what takes a moment on a device that answers.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(14);

    /// <summary>
    /// What this host is called in tags, of which no two have the same; null where that isn't known. Only what it made itself it may find
    /// left over: what others are making it can't see.
    /// </summary>
    public static string? ThisHost { get; } = HostId("/etc/machine-id");

    private readonly ChildProcess _lvm = new(time, "lvm", "lvm2");

    /// <summary>The device.</summary>
    public string Device => device;

    /// <summary>What is on the device; null: no physical volume. Nothing is written, and nobody waited for.</summary>
    /// <exception cref="XenApiException">It can't be told.</exception>
    public async Task<LvmGroup?> LookAsync(CancellationToken cancellationToken)
    {
        string[] words =
        [
            "pvs", "--readonly", "--foreign", "--segments", "--reportformat", "json", "--units", "b", "--nosuffix", "-o", LvmReport.Columns,
        ];
        var said = (await TryAsync(words, null, cancellationToken))!;
        try
        {
            return LvmReport.Read(said, await OwnThread.RunAsync(() => BlockSize.Of(device), cancellationToken));
        }
        catch (FormatException e)
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"What LVM has written to {device} makes no sense: check it (vgck), or take a copy that is whole. ({e.Message})", e);
        }
    }

    /// <summary>Makes a volume group on the device, which is empty.</summary>
    public Task CreateGroupAsync(SrUuid sr, CancellationToken cancellationToken) => TryAsync(
        [
            // Room for some thousand volumes.
            "vgcreate", "--systemid", LvmName.System, "--physicalextentsize", "4m", "--dataalignment", "1m", "--metadatasize", "8m",
            "--", LvmName.GroupOf(sr), device,
        ],
        null, cancellationToken);

    /// <summary>Removes a volume group with all that is left in it.</summary>
    public Task RemoveGroupAsync(SrUuid sr, CancellationToken cancellationToken) =>
        TryAsync(["vgremove", "--force", "--", LvmName.GroupOf(sr)], null, cancellationToken);

    /// <summary>Makes a volume, whose content is what lay there; false if there is one of that name.</summary>
    /// <param name="sr">The SR.</param>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Its size; null: the smallest, and nothing of a disk.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<bool> TryCreateAsync(SrUuid sr, string name, long? bytes, CancellationToken cancellationToken) => await TryAsync(
        [
            "lvcreate", "-an", "-Zn", "-Wn", "-y", "--name", name,
            .. bytes is { } size ? (string[])["-L", Number(size), "--addtag", Tag(size), .. HostTag] : ["-l", "1"],
            "--", LvmName.GroupOf(sr),
        ],
        "already exists", cancellationToken) is not null;

    /// <summary>Gives a volume another name; false if there is one of that.</summary>
    public async Task<bool> TryRenameAsync(SrUuid sr, LvmName volume, LvmName name, CancellationToken cancellationToken) => await TryAsync(
        ["lvrename", "--", LvmName.GroupOf(sr), $"{volume}", $"{name}"], "already exists", cancellationToken) is not null;

    /// <summary>Removes a volume, if it is there.</summary>
    public Task RemoveAsync(SrUuid sr, LvmName volume, CancellationToken cancellationToken) => TryAsync(
        ["lvremove", "--force", "--", Place(sr, volume)], "Failed to find logical volume", cancellationToken);

    /// <summary>Gives a volume room for so many bytes.</summary>
    public Task ExtendAsync(SrUuid sr, LvmName volume, long bytes, CancellationToken cancellationToken) =>
        TryAsync(["lvextend", "-L", Number(bytes), "--", Place(sr, volume)], null, cancellationToken);

    /// <summary>Says that a disk has another size now.</summary>
    public Task NoteSizeAsync(SrUuid sr, LvmVolume volume, long bytes, CancellationToken cancellationToken) => TryAsync(
        ["lvchange", "--deltag", Tag(volume.SizeBytes), "--addtag", Tag(bytes), "--", Place(sr, volume.Name)], null, cancellationToken);

    private static string Place(SrUuid sr, LvmName volume) => $"{LvmName.GroupOf(sr)}/{volume}";

    private static string Tag(long bytes) => $"{LvmReport.SizeTag}{bytes.ToString(CultureInfo.InvariantCulture)}";

    private static string Number(long bytes) => $"{bytes.ToString(CultureInfo.InvariantCulture)}b";

    private static string[] HostTag => ThisHost is { } host ? ["--addtag", $"{LvmReport.HostTag}{host}"] : [];

    // It is not told to others as it is.
    private static string? HostId(string path) => File.Exists(path)
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"redoubt {File.ReadAllText(path).Trim()}")))[..16] : null;

    // Null: it failed as was expected.
    private async Task<string?> TryAsync(string[] words, string? expected, CancellationToken cancellationToken)
    {
        if (!Path.Exists(device))
            throw SrFailure.Backend(SrFailure.SrUnavailable, $"The device {device} is not there: check that it is connected (lsblk).");
        var ended = await _lvm.TryRunAsync([words[0], "--config", Config, .. words.Skip(1)], Limit, cancellationToken);
        if (ended is { ExitCode: 0 })
            return ended.Output;
        if (ended is not null && expected is not null && ended.Errors.Contains(expected, StringComparison.Ordinal))
            return null;
        throw Failure(string.Join(' ', words), ended);
    }

    // What is said here outdoes what the host's own configuration says.
    private string Config =>
        $$"""
        devices { filter=["a|^{{Regex.Escape(device)}}$|","r|.*|"] global_filter=["a|.*|"] scan=["/dev"]
        use_devicesfile=0 obtain_device_list_from_udev=0 external_device_info_source="none" }
        global { activation=0 use_lvmlockd=0 use_lvmpolld=0 system_id_source="lvmlocal" }
        local { system_id="{{LvmName.System}}" } backup { backup=0 archive=0 } report { time_format="%Y-%m-%d %T %z" }
        """.Replace('\n', ' ');

    private XenApiException Failure(string words, ProgramRun? ended)
    {
        var said = string.Join(
            "; ",
            (ended?.Errors ?? "no answer").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(l => !l.StartsWith("WARNING:", StringComparison.Ordinal)).TakeLast(2));
        var (number, sentence) = ended switch
        {
            null => (SrFailure.SrUnavailable, $"The device {device} does not answer: check its cable, its path and the kernel's log."),
            _ when said.Contains("insufficient", StringComparison.Ordinal) => (
                SrFailure.NoSpace,
                $"The storage is full, the volume group on {device}: remove disks or move them to another SR, then repeat."),
            _ when BlockSize.IsReadOnly(device) => (
                SrFailure.SrUnavailable,
                $"The device {device} can't be written: if it is the copy of a mirror, promote it, or attach it read-only."),
            _ when said.Contains("system ID", StringComparison.Ordinal) => (
                SrFailure.SrUnavailable, $"The volume group on {device} belongs to another system: leave it to that one (vgs --foreign)."),
            _ => (SrFailure.InputOutput, $"LVM could not do it on {device}: check the device and the kernel's log."),
        };
        return SrFailure.Backend(number, $"{sentence} (lvm {words}: {said})");
    }
}
