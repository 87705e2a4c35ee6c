using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// What the target's server told people about the VMs and the storage of a run: that a VM was recovered without a disk, that one was
/// started without its screen. Whoever looks at messages sees it, so the run and its report have it too.
/// </summary>
internal static class ServerWarnings
{
    // From the priorities of XenAPI's messages: 1 loses data, 3 degrades a service, 4 mends something, 5 is for information.
    private const long Degraded = 3;

    // What the run finds out by itself, and says better.
    private const string Unplugged = "VIF_NOT_PLUGGED";

    /// <summary>Notes what has been told since the run began, and is not noted yet.</summary>
    public static async Task NoteAsync(StepScope scope)
    {
        // As it comes: a message about something that this version has no name for must not cost the run a step.
        WireValue answer;
        try
        {
            answer = await scope.Target.CallRawAsync("message.get_since", [scope.State.StartedAt], scope.Token);
        }
        catch (XenApiException refused) when (!Failures.IsSessionGone(refused))
        {
            // A server that tells nothing, or not whoever asks, has told nobody whom the run could quote.
            return;
        }

        var about = scope.State.Vms.Where(v => v.TargetUuid is not null)
            .ToDictionary(v => v.TargetUuid!, v => v.Vm.Describe(), StringComparer.Ordinal);
        var noted = scope.Facts(StepScope.WarningKey).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (_, value) in (answer as WireStruct)?.Members ?? [])
        {
            if (value is WireStruct message && about.TryGetValue(Text(message, "obj_uuid"), out var vm)
                && Text(message, "name") is not Unplugged
                && long.TryParse(Text(message, "priority"), out var priority) && priority <= Degraded
                    && !noted.Contains("message:" + Text(message, "uuid")))
            {
                scope.Warn("message:" + Text(message, "uuid"), $"{vm}: {Text(message, "body")}");
            }
        }
    }

    private static string Text(WireStruct record, string name) => record.Members.FirstOrDefault(m => m.Key == name).Value switch
    {
        WireString text => text.Value,
        WireInt number => $"{number.Value}",
        _ => "",
    };
}
