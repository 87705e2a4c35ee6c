using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.Recovery;

namespace Redoubt.Cli.Commands;

/// <summary>The words of a command line as a policy, and as what to look at.</summary>
internal static class DrPlanPolicy
{
    /// <exception cref="UsageException">A word means nothing.</exception>
    public static RecoveryPolicy Of(Parameters p)
    {
        var kind = p.GetOr("kind", "failover") switch
        {
            "failover" => RecoveryKind.Failover,
            "test" => RecoveryKind.Test,
            "migration" => RecoveryKind.Migration,
            "failback" => RecoveryKind.Failback,
            var other => throw new UsageException($"kind= is failover, test, migration or failback, not '{other}'."),
        };
        var networks = p.Map("network-map").ToImmutableSortedDictionary(StringComparer.Ordinal);
        var isTest = kind == RecoveryKind.Test;
        return new()
        {
            Kind = kind,
            Chosen = new() { Vms = List(p, "vms"), Appliances = List(p, "appliances"), Tags = List(p, "tags") },
            PowerState = p.GetOr("power-state", "start") switch
            {
                "start" => PowerStateAfter.Start,
                "paused" => PowerStateAfter.Paused,
                "halted" => PowerStateAfter.Halted,
                var other => throw new UsageException($"power-state= is start, paused or halted, not '{other}'."),
            },
            IsSourceDead = p.Flag("source-dead"),
            // A test must never reach the real networks by a map that was meant for the real thing, so each kind has its own.
            Networks = isTest ? ImmutableSortedDictionary<string, string>.Empty : networks,
            TestNetworks = isTest ? networks : ImmutableSortedDictionary<string, string>.Empty,
            Orders = p.Map("order").ToImmutableSortedDictionary(o => o.Key, o => Parameters.ParseInt($"order:{o.Key}", o.Value), StringComparer.Ordinal),
            Copies = p.Map("copy").ToImmutableSortedDictionary(StringComparer.Ordinal),
            AcceptedMissingDisks = List(p, "accept-missing"),
        };
    }

    /// <exception cref="UsageException">A device configuration without its type.</exception>
    public static InventoryRequest RequestOf(Parameters p)
    {
        var config = p.Map("device-config");
        if (p.Find("type") is null && config.Count > 0)
        {
            throw new UsageException("device-config: needs type=, the kind of storage to probe.");
        }

        return new()
        {
            SrUuids = [.. List(p, "sr-uuid")],
            Probes = p.Find("type") is { } type ? [new(type, config.ToImmutableSortedDictionary(StringComparer.Ordinal))] : [],
        };
    }

    private static ImmutableSortedSet<string> List(Parameters p, string key) =>
        p.GetOr(key, "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToImmutableSortedSet(StringComparer.Ordinal);
}
