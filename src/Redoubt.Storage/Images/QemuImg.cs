using System.Globalization;
using System.Text.Json;

namespace Redoubt.Storage.Images;

/// <summary>
/// Drives <c>qemu-img</c>: each method is one run of it, with a full argument list and no shell.
/// </summary>
/// <remarks>
/// The format of every image is always passed on. Left to guess, QEMU would follow whatever a hostile image claims to be, up to
/// reading the host's own files. Paths are absolute, so none is taken for a protocol (<c>nbd:</c>, <c>json:</c>) or an option.
/// QEMU's image locks apply: an image that a running VM writes to fails with code 24.
/// </remarks>
public sealed class QemuImg(TimeProvider timeProvider, string executable = "qemu-img")
{
    private static readonly TimeSpan QuickLimit = TimeSpan.FromMinutes(2);
    private readonly ChildProcess _process = new(timeProvider, executable);

    /// <summary>Makes an empty qcow2 image.</summary>
    public Task CreateAsync(string path, long virtualSizeBytes, CancellationToken cancellationToken)
        => _process.RunAsync(["create", "-q", "-f", "qcow2", Absolute(path), Number(virtualSizeBytes)], QuickLimit, cancellationToken);

    /// <summary>Makes a qcow2 image that reads like another until it is written to. The other is not even opened.</summary>
    public Task CreateOverlayAsync(
        string path, string backingPath, DiskFormat backingFormat, long virtualSizeBytes, CancellationToken cancellationToken)
        => _process.RunAsync(
            [
                "create", "-q", "-u", "-f", "qcow2", "-b", Absolute(backingPath), "-F", DiskFormatName.ForQemu(backingFormat),
                Absolute(path), Number(virtualSizeBytes),
            ],
            QuickLimit,
            cancellationToken);

    /// <summary>Copies an image into a new one that stands alone; zeros are left out.</summary>
    /// <param name="from">The image to read.</param>
    /// <param name="fromFormat">Its format.</param>
    /// <param name="to">The image to make.</param>
    /// <param name="toFormat">Its format.</param>
    /// <param name="virtualSizeBytes">The size to copy, which sets the time limit: 10 minutes and a second more for each MiB.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public Task ConvertAsync(
        string from, DiskFormat fromFormat, string to, DiskFormat toFormat, long virtualSizeBytes, CancellationToken cancellationToken)
        => _process.RunAsync(
            [
                "convert", "-q", "-f", DiskFormatName.ForQemu(fromFormat), "-O", DiskFormatName.ForQemu(toFormat), Absolute(from),
                Absolute(to),
            ],
            CopyLimit(virtualSizeBytes),
            cancellationToken);

    /// <summary>Says where in a qcow2 image a part of its disk lies, as JSON.</summary>
    public Task<string> MapAsync(string path, long start, long length, CancellationToken cancellationToken)
        => _process.RunAsync(
            [
                "map", "--output=json", "-f", "qcow2", $"--start-offset={Number(start)}", $"--max-length={Number(length)}", Absolute(path),
            ],
            QuickLimit,
            cancellationToken);

    /// <summary>Grows an image in place. QEMU writes the new size last, so a crash leaves the old size or the new one.</summary>
    public Task ResizeAsync(string path, DiskFormat format, long virtualSizeBytes, CancellationToken cancellationToken)
        => _process.RunAsync(
            ["resize", "-q", "-f", DiskFormatName.ForQemu(format), Absolute(path), Number(virtualSizeBytes)],
            QuickLimit,
            cancellationToken);

    /// <summary>Reads an image's measures. Fails with code 24 if somebody else writes to the image.</summary>
    public async Task<QemuImageState> InfoAsync(string path, DiskFormat format, CancellationToken cancellationToken)
    {
        var output = await _process.RunAsync(
            ["info", "--output=json", "-f", DiskFormatName.ForQemu(format), Absolute(path)], QuickLimit, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(output);
            return new QemuImageState(
                json.RootElement.GetProperty("virtual-size").GetInt64(), json.RootElement.GetProperty("actual-size").GetInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw SrFailure.Backend(
                SrFailure.General, $"qemu-img info gave no usable answer about {path}: check the installed version of qemu-img.", e);
        }
    }

    private static TimeSpan CopyLimit(long virtualSizeBytes)
        => TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(Math.Min(virtualSizeBytes >> 20, 3_000_000));

    private static string Absolute(string path)
        => Path.IsPathFullyQualified(path) ? path : throw new ArgumentException($"Not an absolute path: {path}", nameof(path));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
