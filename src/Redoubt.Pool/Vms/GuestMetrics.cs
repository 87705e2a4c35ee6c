using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What a VM's guest has said of itself, as its <c>VM_guest_metrics</c>: there from its agent's first answer until the guest ends. Pure
/// but for the transaction; what is as it was is not written.
/// </summary>
internal static class GuestMetrics
{
    private const int AddressesMax = 32;

    /// <summary>Whether a report, or that there is none, says anything new of a VM.</summary>
    public static bool Differs(DatabaseState state, VmRecord vm, GuestReport? report)
    {
        var before = state.Find(vm.GuestMetrics);
        return Next(state, vm, before, report) is { } next && (before is null || !IsSame(before, next));
    }

    /// <summary>Writes down what is new of a VM that still runs at a host.</summary>
    public static void Apply(Transaction tx, Ref<VmRecord> reference, Ref<HostRecord> host, GuestReport? report, DateTimeOffset now)
    {
        if (tx.Find(reference) is not { PowerState: VmPowerState.Running } vm || vm.ResidentOn != host || !Differs(tx.State, vm, report))
        {
            return;
        }

        var before = tx.Find(vm.GuestMetrics);
        var next = Next(tx.State, vm, before, report)! with { LastUpdated = now };
        if (before is not null)
        {
            tx.Update(vm.GuestMetrics, _ => next);
            return;
        }

        var made = tx.Create(next);
        tx.Update(reference, v => v with { GuestMetrics = made });
    }

    /// <summary>Removes what a guest has said that has ended.</summary>
    public static void Delete(Transaction tx, Ref<VmRecord> reference)
    {
        var vm = tx.Get(reference);
        if (!vm.GuestMetrics.IsNull)
        {
            tx.Delete(vm.GuestMetrics);
            tx.Update(reference, v => v with { GuestMetrics = default });
        }
    }

    // One that does not answer any more keeps what it said last, which last_updated dates.
    private static VmGuestMetricsRecord? Next(DatabaseState state, VmRecord vm, VmGuestMetricsRecord? before, GuestReport? report) =>
        report is null
            ? before is null ? null : before with { Live = false }
            : (before ?? new()) with
            {
                OsVersion = OsVersion(report),
                PvDriversVersion = DriversVersion(report.AgentVersion),
                PvDriversDetected = true,
                PvDriversUpToDate = true,
                Networks = Networks([.. vm.Vifs.Select(state.Find).OfType<VifRecord>()], report),
                Live = true,
            };

    private static bool IsSame(VmGuestMetricsRecord a, VmGuestMetricsRecord b) =>
        a.Live == b.Live && a.PvDriversDetected == b.PvDriversDetected && a.PvDriversUpToDate == b.PvDriversUpToDate
        && a.OsVersion.SequenceEqual(b.OsVersion) && a.PvDriversVersion.SequenceEqual(b.PvDriversVersion)
        && a.Networks.SequenceEqual(b.Networks);

    private static ImmutableSortedDictionary<string, string> OsVersion(GuestReport report)
    {
        var numbers = report.SystemVersion.Split('.', 3);
        return Map(
            ("name", report.SystemName), ("distro", report.SystemId), ("major", numbers[0]), ("minor", numbers.ElementAtOrDefault(1) ?? ""),
            ("uname", report.Kernel));
    }

    // The agent comes over a virtio channel, so there are such drivers; no version of theirs is known but the agent's.
    private static ImmutableSortedDictionary<string, string> DriversVersion(string version)
    {
        var numbers = version.Split('.', 4);
        return Map([
            .. new[] { "major", "minor", "micro", "build" }.Zip(numbers)
                .Where(n => n.Second.Length <= 9 && n.Second.All(char.IsAsciiDigit)),
        ]);
    }

    /// <summary>The addresses by the VM's interfaces, which the guest knows by their MACs; what it has besides is its own.</summary>
    private static ImmutableSortedDictionary<string, string> Networks(IReadOnlyList<VifRecord> vifs, GuestReport report)
    {
        var networks = ImmutableSortedDictionary.CreateBuilder<string, string>();
        foreach (var vif in vifs)
        {
            // A bridge or a bond in the guest has the MAC of one of its parts.
            var all = report.Nics.Where(n => string.Equals(n.Mac, vif.Mac, StringComparison.OrdinalIgnoreCase))
                .SelectMany(n => n.Addresses).Distinct().Take(AddressesMax)
                .ToLookup(a => a.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4");
            foreach (var family in all)
            {
                foreach (var (index, address) in family.Index())
                {
                    networks[string.Create(CultureInfo.InvariantCulture, $"{vif.Device}/{family.Key}/{index}")] = address;
                }
            }

            if (all["ipv4"].FirstOrDefault() is { } first)
            {
                networks[$"{vif.Device}/ip"] = first;
            }
        }

        return networks.ToImmutable();
    }

    private static ImmutableSortedDictionary<string, string> Map(params IReadOnlyList<(string Key, string Value)> pairs) =>
        pairs.Where(p => p.Value.Length > 0).ToImmutableSortedDictionary(p => p.Key, p => p.Value);
}
