using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Keeps what is seen of a VM when it has been judged, for the report. That nothing can be seen changes nothing of the judgement.
/// </summary>
internal static class EvidenceActs
{
    // By real time: those that are to start next wait for it.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static ReadOnlySpan<byte> PngBegin => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n'];

    /// <summary>Keeps it.</summary>
    /// <param name="scope">The step.</param>
    /// <param name="vm">The VM.</param>
    /// <param name="here">The same in the target.</param>
    /// <param name="found">By what it was judged.</param>
    public static async Task KeepAsync(StepScope scope, PlanObject vm, Ref<VmRecord> here, string found)
    {
        var (screen, why) = await ScreenAsync(scope, here);
        scope.Keep(
            VmEvidence.Key + vm.Uuid, RecoveryJson.WriteLine(new VmEvidence(scope.Time.GetUtcNow(), found, screen, why)));
    }

    private static async Task<(string? Screen, string? Why)> ScreenAsync(StepScope scope, Ref<VmRecord> here)
    {
        if (scope.Facts(VmEvidence.Key).Count() >= VmEvidence.MostScreens)
        {
            return (null, $"pictures are kept of {VmEvidence.MostScreens} VMs of a run");
        }

        try
        {
            if (!await scope.OffersAsync(scope.Target, "VM.get_screenshot"))
            {
                return (null, "the target pool shows no screens");
            }

            var screen = await scope.Target.Vm.GetScreenshotAsync(here, scope.Token).WaitAsync(Limit, scope.Token);
            return !IsPng(screen) ? (null, "what the target pool showed is no picture")
                : screen.Length <= VmEvidence.LongestScreen ? (screen, null)
                : (null, $"its picture of {screen.Length / 4 * 3 >> 10} KiB is larger than is kept");
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            return (null, Failures.Describe(refused));
        }
        catch (Exception silent) when (silent is TimeoutException or XenApiTransportException)
        {
            return (null, "the target pool did not show it in time");
        }
    }

    private static bool IsPng(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && bytes.AsSpan(0, length).StartsWith(PngBegin);
    }
}
