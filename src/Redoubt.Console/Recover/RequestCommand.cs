using System.Globalization;
using System.Text;
using Redoubt.Console.Parts;
using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>A request as the command that asks for the same.</summary>
internal static class RequestCommand
{
    private const int LongestSelection = 100;

    private static readonly RecoveryLimits Usual = new();

    /// <summary>The command that carries it out.</summary>
    public static string Of(RecoveryRequest request) => Write(VerbOf(request.Policy.Kind), request);

    /// <summary>The command that only shows the plan.</summary>
    public static string PlanOf(RecoveryRequest request) =>
        Write($"dr-plan kind={request.Policy.Kind.ToString().ToLowerInvariant()}", request with { KeepTest = false });

    /// <summary>The command that keeps it under a name. It says everything, and begins with no saved plan.</summary>
    public static string SaveOf(string name, RecoveryRequest request) => Write(
        $"dr-plan-save {ShellWord.Of("name", name)} kind={request.Policy.Kind.ToString().ToLowerInvariant()}",
        request with { Plan = null, PlanPool = null }, hasBothMaps: true);

    private static string VerbOf(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => "dr-test",
        RecoveryKind.Migration => "dr-migrate",
        RecoveryKind.Failover => "dr-failover",
        RecoveryKind.Failback => "dr-failback",
    };

    private static string Write(string verb, RecoveryRequest request, bool hasBothMaps = false)
    {
        var policy = request.Policy;
        var text = new StringBuilder($"redoubt {verb}");

        // A saved plan is named, so that the run counts for it; what it holds is written out all the same, unless no shell would take it.
        var isLong = policy.Chosen.Vms.Count + policy.Chosen.Appliances.Count > LongestSelection;
        One(text, "plan", request.Plan ?? (isLong && !hasBothMaps ? "NAME" : null));
        One(text, "from", request.PlanPool);
        List(text, "sr-uuid", request.SrUuids);
        if (request.Probes is [var probe, ..])
        {
            One(text, "type", probe.Type);
            text.Append(probe.DeviceConfig.IsEmpty ? "" : " " + ShellWord.OfDevice(probe.DeviceConfig));
        }

        List(text, "appliances", isLong ? [] : policy.Chosen.Appliances);
        List(text, "vms", !isLong ? policy.Chosen.Vms : hasBothMaps ? ["NAME,..."] : []);
        List(text, "tags", policy.Chosen.Tags);
        One(text, "source", request.Source);
        One(text, "target", request.Target);
        One(text, "at", policy.PointInTime);
        if (hasBothMaps)
        {
            Pairs(text, "real-network-map", policy.Networks);
            Pairs(text, "test-network-map", policy.TestNetworks);
        }
        else
        {
            Pairs(text, "network-map", policy.Kind == RecoveryKind.Test ? policy.TestNetworks : policy.Networks);
        }

        Pairs(text, "storage-map", policy.Storage);
        Pairs(text, "copy", policy.Copies);
        Pairs(text, "order", policy.Orders.Select(o => KeyValuePair.Create(o.Key, o.Value.ToString(CultureInfo.InvariantCulture))));
        Pairs(text, "health", policy.Health);
        Pairs(
            text, "hook",
            policy.Hooks.GroupBy(MomentOf).Select(h => KeyValuePair.Create(h.Key, string.Join(',', h.Select(s => s.Script)))));
        List(text, "accept-missing", policy.AcceptedMissingDisks);
        List(text, "accept-volume", policy.AcceptedVolumes);
        List(text, "resolve", policy.Resolve);
        One(text, "source-dead", policy.DeadSources.IsEmpty ? policy.IsSourceDead ? "true" : null : string.Join(',', policy.DeadSources));
        One(text, "accept-unplugged", policy.AcceptsUnplugged ? "true" : null);
        One(
            text, "power-state",
            policy.PowerState == PowerStateAfter.Start ? null : policy.PowerState.ToString().ToLower(CultureInfo.InvariantCulture));
        One(text, "on-failure", policy.OnTierFailure == TierFailure.Continue ? null : policy.OnTierFailure.ToString().ToLowerInvariant());
        Pairs(
            text,
            "on-failure",
            policy.OnFailureOfTier.Select(
                t => KeyValuePair.Create(t.Key.ToString(CultureInfo.InvariantCulture), t.Value.ToString().ToLowerInvariant())));
        One(
            text,
            "parallel-starts",
            policy.Limits.ParallelStarts == Usual.ParallelStarts
                ? null
                : policy.Limits.ParallelStarts.ToString(CultureInfo.InvariantCulture));
        Seconds(text, "health-timeout", policy.Limits.HealthTimeout, Usual.HealthTimeout);
        Seconds(text, "hook-timeout", policy.Limits.HookTimeout, Usual.HookTimeout);
        Seconds(text, "stale-after", policy.Limits.StaleAfter, Usual.StaleAfter);
        One(text, "rpo-target", Seconds(policy.Targets.Rpo));
        One(text, "rto-target", Seconds(policy.Targets.Rto));
        One(text, "keep", request.KeepTest ? "true" : null);
        if (isLong && request.Plan is null)
        {
            return text.Append("  # ").Append(RecoverText.SaveFirst(policy.Chosen.Vms.Count + policy.Chosen.Appliances.Count)).ToString();
        }

        var unsaid = Unsaid(request);
        return unsaid.Length == 0 ? text.ToString() : text.Append("  # ").Append(RecoverText.Unsaid(unsaid)).ToString();
    }

    // What the command line has no parameter for comes with a saved plan only.
    private static string Unsaid(RecoveryRequest request) => request.Plan is null && request.Probes.Length > 1 ? "probes" : "";

    private static string MomentOf(RunHook hook) => hook.Moment switch
    {
        HookMoment.BeforeRun => "before-run",
        HookMoment.AfterRun => "after-run",
        HookMoment.BeforeTier => $"before-tier-{hook.Order}",
        HookMoment.AfterTier => $"after-tier-{hook.Order}",
    };

    private static void One(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(' ').Append(ShellWord.Of(name, value));
        }
    }

    private static void Seconds(StringBuilder text, string name, TimeSpan limit, TimeSpan usual) =>
        One(text, name, limit == usual ? null : ((long)limit.TotalSeconds).ToString(CultureInfo.InvariantCulture));

    private static string? Seconds(TimeSpan? target) => target is { } time
        ? ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture)
        : null;

    private static void List(StringBuilder text, string name, IEnumerable<string> values)
    {
        var joined = string.Join(',', values);
        One(text, name, joined.Length == 0 ? null : joined);
    }

    private static void Pairs(StringBuilder text, string name, IEnumerable<KeyValuePair<string, string>> pairs)
    {
        foreach (var (key, value) in pairs)
        {
            One(text, $"{name}:{key}", value);
        }
    }
}
