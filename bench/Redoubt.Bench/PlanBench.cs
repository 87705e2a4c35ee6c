using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A plan over 1,000 and over 10,000 VMs, in vApps of a hundred, each named one by one, with namesakes and stale copies in the target pool:
/// what a check would go over again for every VM if it were careless. The ratio tells how much more ten times as many cost.
/// </summary>
internal static class PlanBench
{
    private const int Few = 1_000;
    private const int Many = 10_000;

    public static Task RunAsync()
    {
        var (few, many) = (Policy(Few), Policy(Many));
        Measure(few);
        var (fewMs, manyMs) = (new List<double>(), new List<double>());
        for (var round = 0; round < 7; round++)
        {
            fewMs.Add(Measure(few));
            manyMs.Add(Measure(many));
        }

        // Into a server that recovers in ways of its own, from VMs that lose disks, and with what stands in the way asked to be dealt with.
        var (fewOther, manyOther) = (Elsewhere(few), Elsewhere(many));
        Measure(fewOther);
        var (c, d) = (Enumerable.Range(0, 5).Min(_ => Measure(fewOther)), Enumerable.Range(0, 5).Min(_ => Measure(manyOther)));
        System.Console.WriteLine(
            "plan, into a XenServer pool that has them running, disks missing: "
            + $"{Few} VMs {c:0} ms, {Many} VMs {d:0} ms; ratio {d / c:0.0}");

        var (a, b) = (JournalBench.Median(fewMs), JournalBench.Median(manyMs));
        var plan = Planner.Plan(many.Policy, many.Inventory);
        System.Console.WriteLine(
            $"plan, {Few} VMs: {a:0} ms; {Many} VMs: {b:0} ms ({plan.Steps.Length} steps, {plan.Findings.Length} findings); ratio "
                + $"{b / a:0.0} for ten times as many");
        return Task.CompletedTask;
    }

    private static (RecoveryPolicy Policy, Recovery.Inventory Inventory) Elsewhere((RecoveryPolicy Policy, Recovery.Inventory Inventory) of)
    {
        var here = of.Inventory.Target.Database;
        return (
            of.Policy with { Resolve = ["vm-running-here", "disk-missing"] },
            of.Inventory with
            {
                Target = new(of.Inventory.Target.Origin, here with
                {
                    Pool = here.Pool with { Brand = "XenServer" },
                    Vms = [.. here.Vms.Select(v => v with { PowerState = VmPowerState.Running })],
                    Vdis = [.. here.Vdis.Where((_, i) => i % 2 == 0)],
                }, true),
            });
    }

    private static double Measure((RecoveryPolicy Policy, Recovery.Inventory Inventory) of)
    {
        var watch = Stopwatch.StartNew();
        Planner.Plan(of.Policy, of.Inventory);
        return watch.Elapsed.TotalMilliseconds;
    }

    private static (RecoveryPolicy Policy, Recovery.Inventory Inventory) Policy(int count)
    {
        var now = new DateTimeOffset(2026, 3, 1, 3, 0, 0, TimeSpan.Zero);
        const string sr = "5a000000-0000-4000-8000-000000000001";
        var storage = new SrFacts
        {
            Uuid = sr,
            Name = "replicated",
            Type = "file",
            IsShared = true,
            Pbds = [new("40000000-0000-4000-8000-000000000001", true, ImmutableSortedDictionary<string, string>.Empty)],
        };
        var networks = Enumerable.Range(0, 50).Select(i => new NetworkFacts($"0e000000-0000-4000-8000-{i:x12}", $"net {i}", $"br{i}"))
            .ToImmutableArray();
        var appliances = Enumerable.Range(0, count / 100).Select(i => new ApplianceFacts($"a9000000-0000-4000-8000-{i:x12}", $"vapp {i}"))
            .ToImmutableArray();
        var disks = Enumerable.Range(0, count * 2).Select(
            i => new VdiFacts(
                $"d1000000-0000-4000-8000-{i:x12}", $"disk {i}", sr, $"d1000000-0000-4000-8000-{i:x12}", 1 << 20, false,
                "")).ToImmutableArray();
        var vms = Enumerable.Range(0, count).Select(i => new VmFacts
        {
            Uuid = $"11000000-0000-4000-8000-{i:x12}",
            Name = $"vm {i}",
            PowerState = VmPowerState.Running,
            Order = i % 5,
            ApplianceUuid = i % 2 == 0 ? appliances[i * appliances.Length / count].Uuid : "",
            Version = 1,
            MemoryBytes = 1 << 20,
            CpuCount = 1,
            Vbds = [new($"bd000000-0000-4000-8000-{i:x12}", "0", VbdType.Disk, disks[2 * i].Uuid), new($"be000000-0000-4000-8000-{i:x12}", "1", VbdType.Disk, disks[(2 * i) + 1].Uuid)],
            Vifs = [new($"1f000000-0000-4000-8000-{i:x12}", "0", networks[i % 50].Uuid, $"02:00:00:{i >> 16:x2}:{(i >> 8) & 255:x2}:{i & 255:x2}")],
        }).ToImmutableArray();
        var source = new DatabaseFacts
        {
            Pool = new("9a000000-0000-4000-8000-000000000001", "primary", false, false, "Redoubt", "0.1.0"),
            NewestMoment = now.AddMinutes(-5),
            Srs = [storage],
            Networks = networks,
            Appliances = appliances,
            Vms = vms,
            Vdis = disks,
        };
        var target = source with
        {
            Pool = new("9a000000-0000-4000-8000-000000000002", "recovery", false, false, "Redoubt", "0.1.0"),
            Hosts = [new("40000000-0000-4000-8000-000000000001", "host", true, true, 8, 1L << 40, 1L << 40)],
            Vms = [.. vms.Select((v, i) => v with { Uuid = i % 3 == 0 ? v.Uuid : v.Uuid.Replace("11", "12", StringComparison.Ordinal), Version = 0, PowerState = VmPowerState.Halted })],
        };
        return (
            new RecoveryPolicy
            {
                Kind = RecoveryKind.Failover,
                IsSourceDead = true,
                Chosen = new()
                {
                    Vms = [.. vms.Where(v => v.ApplianceUuid.Length == 0).Select(v => v.Name)],
                    Appliances = [.. appliances.Select(a => a.Name)],
                },
            },
            new Recovery.Inventory
            {
                TakenAt = now,
                Target = new(new("recovery", now), target, true),
                Volumes = [new() { VdiUuid = "0d000000-0000-4000-8000-000000000001", SrUuid = sr, Origin = new("bench", now), IsLatest = true, Database = source }],
            });
    }
}
