using System.Diagnostics;

namespace Redoubt.Compute;

/// <summary>
/// Finds out whether KVM works by running a guest under it.
/// </summary>
/// <remarks>That <c>/dev/kvm</c> opens says little: in a nested machine it may open, and the guests never execute an instruction.</remarks>
internal sealed class KvmProbe(string emulatorPath, TimeProvider time)
{
    private const int ComplaintMax = 2000;

    /// <summary>A working host answers in a fifth of a second; a hanging one would never.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    internal string DevicePath { get; init; } = "/dev/kvm";

    /// <summary>Asks, or takes the answer from <paramref name="cacheFile"/> when it is still good.</summary>
    internal async Task<KvmAnswer> AskAsync(string? cacheFile, CancellationToken cancellationToken)
    {
        if (!File.Exists(DevicePath))
            return new KvmAnswer(
                false, $"there is no {DevicePath}: the processor's virtualisation is off, or the kernel lacks the kvm module");
        var cache = new KvmAnswerCache(cacheFile, KvmAnswerCache.KeyFor(emulatorPath), time);
        if (await cache.ReadAsync(cancellationToken) is { } known)
            return known;
        var answer = await RunAsync("kvm", cancellationToken);
        await cache.WriteAsync(answer, cancellationToken);
        return answer;
    }

    /// <summary>Runs the probe guest under an accelerator; with <c>tcg</c> it answers everywhere.</summary>
    internal async Task<KvmAnswer> RunAsync(string accelerator, CancellationToken cancellationToken)
    {
        var image = Path.Combine(Path.GetTempPath(), $"redoubt-probe-{Guid.NewGuid():N}");
        try
        {
            await File.WriteAllBytesAsync(image, ProbeGuest.DiskImage(), cancellationToken);
            return await RunAsync(accelerator, image, cancellationToken);
        }
        finally
        {
            File.Delete(image);
        }
    }

    private async Task<KvmAnswer> RunAsync(string accelerator, string image, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-accel", accelerator, "-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config", "-display", "none",
            "-drive", $"file={image},format=raw,if=ide",
            "-device", $"isa-debug-exit,iobase=0x{ProbeGuest.Port:x},iosize=0x02",
        ];
        return await ProgramRun.RunAsync(
            new ProcessStartInfo(emulatorPath, arguments), ComplaintMax, Patience, time, cancellationToken) switch
        {
            null => new KvmAnswer(
                false, $"{DevicePath} opens, but a probe guest did not run a single instruction within {Patience.TotalSeconds:0.#} s"),
            { ExitCode: ProbeGuest.ExitCode } => new KvmAnswer(true, "a probe guest answered"),
            var ended => new KvmAnswer(false, $"the probe guest did not start: {ended.Errors.Trim().ReplaceLineEndings("; ")}"),
        };
    }
}
