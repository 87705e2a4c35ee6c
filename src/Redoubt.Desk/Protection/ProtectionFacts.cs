using System.Runtime.CompilerServices;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>
/// What of a pool would come back after a disaster, and what not and why: the one judgement, for whoever shows it. Follows from the
/// database alone.
/// </summary>
public sealed record ProtectionFacts
{
    /// <summary>
    /// The longest wait after a start that is kept to, in seconds: the pool waits no longer than a month, whatever a record says.
    /// </summary>
    public const long StartDelayMaxSeconds = 30 * 24 * 3600;

    private const string MetadataFeature = "SR_METADATA";

    // Many pages ask for the same state's facts, and with ten thousand VMs they take a while.
    private static readonly ConditionalWeakTable<DatabaseState, ProtectionFacts> Known = [];

    /// <summary>The SRs that hold disks, or could, by name.</summary>
    public required IReadOnlyList<SrView> Srs { get; init; }

    /// <summary>The VMs, by name.</summary>
    public required IReadOnlyList<VmView> Vms { get; init; }

    /// <summary>The VMs that would not come back.</summary>
    public required IReadOnlyList<VmView> Exposed { get; init; }

    /// <summary>The facts of a state.</summary>
    public static ProtectionFacts Of(DatabaseState state, Ref<PoolRecord> pool) => Known.GetValue(state, s => Make(s, pool));

    private static ProtectionFacts Make(DatabaseState state, Ref<PoolRecord> pool)
    {
        var able = state.All<SmRecord>().Where(
            sm => sm.Record.Capabilities.Contains(MetadataFeature) || sm.Record.Features.ContainsKey(MetadataFeature))
            .Select(sm => sm.Record.Type).ToHashSet();
        var srs = state.All<SrRecord>().ToDictionary(
            sr => sr.Ref, sr => View(state, pool, sr.Ref, sr.Record, able.Contains(sr.Record.Type)));
        var vms = state.All<VmRecord>().Where(vm => vm.Record is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false })
            .Select(vm => View(state, vm.Ref, vm.Record, srs))
            .OrderBy(vm => vm.Name, StringComparer.OrdinalIgnoreCase).ThenBy(vm => vm.Uuid, StringComparer.Ordinal).ToList();
        var used = vms.Where(vm => !vm.IsOfTest).SelectMany(vm => vm.Disks.Append(vm.Memory).Select(d => d?.Sr).Distinct())
            .Where(sr => sr is not null)
            .GroupBy(sr => sr!.Ref).ToDictionary(g => g.Key, g => g.Count());
        return new()
        {
            // What is made for CDs counts as soon as somebody's disk is there.
            Srs = [.. srs.Values.Select(sr => sr with { Vms = used.GetValueOrDefault(sr.Ref) })
                .Where(sr => sr.Vms > 0 || state.Get(sr.Ref) is { ContentType: not "iso", IsToolsSr: false, Type: not "udev" })
                .OrderBy(sr => sr.Name, StringComparer.OrdinalIgnoreCase).ThenBy(sr => sr.Uuid, StringComparer.Ordinal)],
            Vms = vms,
            Exposed = [.. vms.Where(vm => vm.Exposure != Exposure.None && !vm.IsOfTest)],
        };
    }

    private static SrView View(DatabaseState state, Ref<PoolRecord> pool, Ref<SrRecord> reference, SrRecord sr, bool isAble)
    {
        var own = sr.Vdis.Select(state.Find).FirstOrDefault(v => v is { Type: VdiType.Metadata } && v.MetadataOfPool == pool);
        var foreign = sr.Vdis.Where(v => state.Find(v) is { Type: VdiType.Metadata } vdi && vdi.MetadataOfPool != pool).ToList();
        return new(reference, sr.Uuid, sr.NameLabel.Length > 0 ? sr.NameLabel : sr.Uuid, sr.NameDescription, sr.Type)
        {
            IsShared = sr.Shared,
            IsAttached = sr.Pbds.Any(p => state.Find(p) is { CurrentlyAttached: true }),
            IsAble = isAble,
            IsForRecovery = !sr.IntroducedBy.IsNull,
            MetadataVolume = own?.Uuid,
            ForeignVolumes = foreign,
            SizeBytes = sr.PhysicalSize,
            UsedBytes = sr.PhysicalUtilisation,
        };
    }

    private static VmView View(DatabaseState state, Ref<VmRecord> reference, VmRecord vm, Dictionary<Ref<SrRecord>, SrView> srs)
    {
        var disks = new List<DiskView>();
        foreach (var vbd in vm.Vbds.Select(state.Find).OfType<VbdRecord>().Where(v => v is { Type: VbdType.Disk, Empty: false }))
        {
            var vdi = state.Find(vbd.Vdi);
            disks.Add(View(vbd.Userdevice, vdi, srs));
        }

        var memory = vm.PowerState == VmPowerState.Suspended ? View("", state.Find(vm.SuspendVdi), srs) : null;

        return new(
            reference, vm.Uuid, vm.NameLabel.Length > 0 ? vm.NameLabel : vm.Uuid, vm.PowerState, vm.Appliance, disks, Judge(disks, memory))
        {
            Order = vm.Order,
            StartDelay = TimeSpan.FromSeconds(Math.Clamp(vm.StartDelay, 0, StartDelayMaxSeconds)),
            Health = vm.OtherConfig.GetValueOrDefault(Marks.Health, ""),
            IsOfTest = vm.OtherConfig.ContainsKey(Marks.Test),
            Memory = memory,
            FirmwareUnkeptSince = FirmwareUnkept(state, vm),
        };
    }

    // What was never started has nothing yet. Whether what is there can be read is looked at by a plan.
    private static DateTimeOffset? FirmwareUnkept(DatabaseState state, VmRecord vm) =>
        ((FirmwareVariables.AreUsedBy(vm) && !vm.Nvram.ContainsKey(FirmwareVariables.Key)) || IsTpmUnkept(state, vm))
        && (state.Find(vm.Metrics)?.StartTime ?? default) is var started && started > DateTimeOffset.UnixEpoch ? started : null;

    private static bool IsTpmUnkept(DatabaseState state, VmRecord vm) =>
        VirtualTpms.Of(state, vm) is { } tpm && VirtualTpms.StateOf(state, tpm) != TpmContentsState.Kept;

    private static DiskView View(string device, VdiRecord? vdi, Dictionary<Ref<SrRecord>, SrView> srs) =>
        new(
            device, vdi?.NameLabel ?? "", vdi?.VirtualSize ?? 0,
            vdi is null ? null : srs.GetValueOrDefault(vdi.Sr))
        { IsMissing = vdi is { Missing: true } };

    // The worst first: a disk that no replication can reach is worse than one that only lacks the metadata beside it. What a suspended VM
    // had in its memory is as much a part of it as its disks.
    private static Exposure Judge(List<DiskView> disks, DiskView? memory)
    {
        var all = memory is null ? disks : [.. disks, memory];
        return all.Exists(d => d.Sr is null || d.IsMissing) ? Exposure.LostDisk
            : disks.Count == 0 ? Exposure.NoDisk
            : all.Exists(d => !d.Sr!.IsShared) ? Exposure.LocalDisk
            : all.Exists(d => !d.Sr!.IsProtected) ? Exposure.UnprotectedSr
            : Exposure.None;
    }
}
