using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.Recovery;

namespace Redoubt.Cli.Commands;

/// <summary>The words of a command line as a policy, and as what to look at. What a word does not say stays as it was saved.</summary>
internal static class DrPlanPolicy
{
    /// <summary>The parameters that say what to look at.</summary>
    public static readonly string[] LookParameters = ["sr-uuid", "type", "device-config:"];

    /// <summary>The parameters that say what to recover, and how.</summary>
    public static readonly string[] PolicyParameters =
    [
        "vms", "appliances", "tags", "source-dead", "network-map:", "test-network-map:", "real-network-map:", "storage-map:", "power-state",
        "copy:", "order:", "accept-missing", "accept-volume", "at", "resolve", "health:", "health-timeout", "hook:", "hook-timeout",
        "accept-unplugged", "parallel-starts", "on-failure", "on-failure:", "stale-after",
        "rpo-target", "rto-target",
    ];

    /// <summary>The kind that <c>kind=</c> names, or the one that is meant without it.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static RecoveryKind KindOf(Parameters p, RecoveryKind otherwise) => p.Find("kind") switch
    {
        null => otherwise,
        "failover" => RecoveryKind.Failover,
        "test" => RecoveryKind.Test,
        "migration" => RecoveryKind.Migration,
        "failback" => RecoveryKind.Failback,
        var other => throw new UsageException($"kind= is failover, test, migration or failback, not '{other}'."),
    };

    /// <exception cref="UsageException">A word means nothing.</exception>
    public static RecoveryPolicy Of(Parameters p, RecoveryPolicy saved)
    {
        var networks = p.Map("network-map");
        // A test must never reach the real networks by a map that was meant for the real thing, so each kind has its own.
        var isTest = saved.Kind == RecoveryKind.Test;
        var chosen = new Selection { Vms = List(p, "vms"), Appliances = List(p, "appliances"), Tags = List(p, "tags") };
        // Either a word for the one source there is, or the names of those that are dead.
        var said = p.Find("source-dead");
        var isDead = said is null ? saved.IsSourceDead : Parameters.TryParseBool(said) ?? false;
        return saved with
        {
            Chosen = chosen.IsEverything() ? saved.Chosen : chosen,
            PowerState = p.Find("power-state") switch
            {
                null => saved.PowerState,
                "start" => PowerStateAfter.Start,
                "paused" => PowerStateAfter.Paused,
                "halted" => PowerStateAfter.Halted,
                var other => throw new UsageException($"power-state= is start, paused or halted, not '{other}'."),
            },
            IsSourceDead = isDead,
            DeadSources = said is null ? saved.DeadSources : Parameters.TryParseBool(said) is null ? List(p, "source-dead") : [],
            Networks = (isTest ? saved.Networks : saved.Networks.SetItems(networks)).SetItems(p.Map("real-network-map")),
            TestNetworks = (isTest ? saved.TestNetworks.SetItems(networks) : saved.TestNetworks).SetItems(p.Map("test-network-map")),
            Storage = saved.Storage.SetItems(p.Map("storage-map")),
            Orders = saved.Orders.SetItems(
                p.Map("order").Select(o => KeyValuePair.Create(o.Key, Parameters.ParseInt($"order:{o.Key}", o.Value)))),
            Copies = saved.Copies.SetItems(p.Map("copy")),
            AcceptedMissingDisks = saved.AcceptedMissingDisks.Union(List(p, "accept-missing")),
            AcceptedVolumes = saved.AcceptedVolumes.Union(List(p, "accept-volume")),
            PointInTime = p.Find("at") ?? saved.PointInTime,
            AcceptsUnplugged = p.Flag("accept-unplugged", saved.AcceptsUnplugged),
            Resolve = p.Find("resolve") is null or "all" ? saved.Resolve : List(p, "resolve"),
            Health = saved.Health.SetItems(p.Map("health")),
            Hooks = p.Map("hook") is { Count: > 0 } hooks ? [.. hooks.SelectMany(HooksOf)] : saved.Hooks,
            Limits = saved.Limits with
            {
                ParallelStarts = (int)Math.Clamp(p.FindInt("parallel-starts") ?? saved.Limits.ParallelStarts, 1, 1000),
                HealthTimeout = p.FindInt("health-timeout") is { } seconds
                    ? Seconds("health-timeout", seconds)
                    : saved.Limits.HealthTimeout,
                HookTimeout = p.FindInt("hook-timeout") is { } patience ? Seconds("hook-timeout", patience) : saved.Limits.HookTimeout,
                StaleAfter = p.FindInt("stale-after") is { } old ? Seconds("stale-after", old) : saved.Limits.StaleAfter,
            },
            Targets = new(Target(p, "rpo-target", saved.Targets.Rpo), Target(p, "rto-target", saved.Targets.Rto)),
            OnTierFailure = p.Find("on-failure") is { } failure ? TierFailureOf("on-failure", failure) : saved.OnTierFailure,
            OnFailureOfTier = saved.OnFailureOfTier.SetItems(p.Map("on-failure").Select(t =>
                KeyValuePair.Create(Parameters.ParseInt($"on-failure:{t.Key}", t.Key), TierFailureOf($"on-failure:{t.Key}", t.Value)))),
        };
    }

    /// <summary>Which SRs and which storage to look at.</summary>
    /// <exception cref="UsageException">A device configuration without its type.</exception>
    public static RecoveryRequest RequestOf(Parameters p, RecoveryRequest saved)
    {
        var config = p.Map("device-config");
        if (p.Find("type") is null && config.Count > 0)
        {
            throw new UsageException("device-config: needs type=, the kind of storage to probe.");
        }

        var (srs, type) = (List(p, "sr-uuid"), p.Find("type"));
        return saved with
        {
            Policy = Of(p, saved.Policy),
            SrUuids = srs.IsEmpty && type is null ? saved.SrUuids : [.. srs],
            Probes = type is not null ? [new(type, config.ToImmutableSortedDictionary(StringComparer.Ordinal))] : srs.IsEmpty ? saved.Probes : [],
        };
    }

    private static TimeSpan? Target(Parameters p, string key, TimeSpan? saved) => p.Find(key) switch
    {
        null => saved,
        "none" => null,
        var text => Seconds(key, Parameters.ParseInt(key, text)),
    };

    // A hundred years are for ever, and more than that no clock counts.
    private static TimeSpan Seconds(string key, long seconds) => seconds is >= 0 and <= RecoveryTargets.MostSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new UsageException($"{key}= must be a number of seconds from 0 to {RecoveryTargets.MostSeconds}, not {seconds}.");

    private static TierFailure TierFailureOf(string key, string text) => text switch
    {
        "continue" => TierFailure.Continue,
        "stop" => TierFailure.Stop,
        "ask" => TierFailure.Ask,
        var other => throw new UsageException($"{key}= is continue, stop or ask, not '{other}'."),
    };

    private static IEnumerable<RunHook> HooksOf(KeyValuePair<string, string> hook)
    {
        var (moment, order) = hook.Key switch
        {
            "before-run" => (HookMoment.BeforeRun, (long?)null),
            "after-run" => (HookMoment.AfterRun, null),
            _ when hook.Key.StartsWith("before-tier-", StringComparison.Ordinal) =>
                (HookMoment.BeforeTier, OrderOf(hook.Key, "before-tier-")),
            _ when hook.Key.StartsWith("after-tier-", StringComparison.Ordinal) => (HookMoment.AfterTier, OrderOf(hook.Key, "after-tier-")),
            var other => throw new UsageException(
                $"hook: is hook:before-run, hook:after-run, hook:before-tier-N or hook:after-tier-N, not 'hook:{other}'."),
        };
        return hook.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(script => new RunHook(script, moment, order));
    }

    private static long OrderOf(string key, string prefix) => Parameters.ParseInt($"hook:{key}", key[prefix.Length..]);

    private static ImmutableSortedSet<string> List(Parameters p, string key) =>
        p.List(key).ToImmutableSortedSet(StringComparer.Ordinal);
}
