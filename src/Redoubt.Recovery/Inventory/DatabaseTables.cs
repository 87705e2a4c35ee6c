using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// The tables of one database as they came, and what they mean to a recovery. References become UUIDs here and nowhere else.
/// </summary>
internal sealed record DatabaseTables
{
    public required PoolRecord Pool { get; init; }

    public required IReadOnlyDictionary<Ref<HostRecord>, HostRecord> Hosts { get; init; }

    public required IReadOnlyDictionary<Ref<HostMetricsRecord>, HostMetricsRecord> HostMetrics { get; init; }

    public required IReadOnlyDictionary<Ref<NetworkRecord>, NetworkRecord> Networks { get; init; }

    public required IReadOnlyDictionary<Ref<SrRecord>, SrRecord> Srs { get; init; }

    public required IReadOnlyDictionary<Ref<PbdRecord>, PbdRecord> Pbds { get; init; }

    public required IReadOnlyDictionary<Ref<VdiRecord>, VdiRecord> Vdis { get; init; }

    public required IReadOnlyDictionary<Ref<VmApplianceRecord>, VmApplianceRecord> Appliances { get; init; }

    public required IReadOnlyDictionary<Ref<VmRecord>, VmRecord> Vms { get; init; }

    public required IReadOnlyDictionary<Ref<VmMetricsRecord>, VmMetricsRecord> VmMetrics { get; init; }

    public required IReadOnlyDictionary<Ref<VbdRecord>, VbdRecord> Vbds { get; init; }

    public required IReadOnlyDictionary<Ref<VifRecord>, VifRecord> Vifs { get; init; }

    /// <summary>The virtual TPMs; empty where nobody says what the database has of what they keep.</summary>
    public IReadOnlyDictionary<Ref<VtpmRecord>, TpmFacts> Tpms { get; init; } = new Dictionary<Ref<VtpmRecord>, TpmFacts>();

    public DatabaseFacts ToFacts(IReadOnlyDictionary<Ref<HostRecord>, long> freeMemory)
    {
        var pbds = Pbds.Values.ToLookup(p => p.Sr);
        var snapshots = Vms.Values.Where(v => v.IsASnapshot).ToLookup(v => v.SnapshotOf);
        var vbds = Vbds.Values.ToLookup(v => v.Vm);
        var vifs = Vifs.Values.ToLookup(v => v.Vm);
        var odd = new OddRows(this);
        return new DatabaseFacts
        {
            Pool = PoolFacts(),
            NewestMoment = DatabaseReader.Newest(
            [
                .. HostMetrics.Values.Select(m => m.LastUpdated),
                .. VmMetrics.Values.SelectMany(m => new[] { m.StartTime, m.LastUpdated, m.InstallTime }),
                .. Vms.Values.Select(v => v.SnapshotTime),
                .. Vdis.Values.Select(v => v.SnapshotTime),
            ]),
            Hosts = [.. Hosts.Select(h => Host(h.Value, freeMemory.TryGetValue(h.Key, out var free) ? free : null))],
            Networks = [.. Networks.Values.Select(n => new NetworkFacts(n.Uuid, BriefText.Of(n.NameLabel), BriefText.Of(n.Bridge)))],
            Srs = [.. Srs.Select(s => Sr(s.Value, pbds[s.Key]))],
            Vdis = [.. Vdis.Values.Where(v => v.Type != VdiType.Metadata).Select(Vdi)],
            Appliances =
                [.. Appliances.Values.Where(a => !odd.IsUnusable(a)).Select(a => new ApplianceFacts(a.Uuid, BriefText.Of(a.NameLabel)))],
            Vms = [.. Vms.Where(v => v.Value is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false } && !IsOfTest(v.Value))
                .Select(v => Vm(v.Value, [.. snapshots[v.Key]], [.. vbds[v.Key]], [.. vifs[v.Key]], odd))],
        };
    }

    private PoolFacts PoolFacts()
    {
        var coordinator = Hosts.GetValueOrDefault(Pool.Master) ?? Hosts.Values.FirstOrDefault();
        string Version(string key) => coordinator?.SoftwareVersion.GetValueOrDefault(key, "") ?? "";
        return new(
            Pool.Uuid,
            BriefText.Of(Pool.NameLabel),
            Pool.HaEnabled,
            // The pool's restrictions are those of its hosts together; an older server says it of the hosts only.
            Pool.Restrictions.GetValueOrDefault("restrict_dr") == "true"
                || Hosts.Values.Any(h => h.LicenseParams.GetValueOrDefault("restrict_dr") == "true"),
            Version("product_brand"),
            Version("product_version"))
        {
            MetadataKey = Pool.OtherConfig.GetValueOrDefault(Marks.MetadataKey),
            DefaultSrUuid = Srs.GetValueOrDefault(Pool.DefaultSr)?.Uuid ?? "",
        };
    }

    private HostFacts Host(HostRecord host, long? free)
    {
        var metrics = HostMetrics.GetValueOrDefault(host.Metrics);
        long? cpus = long.TryParse(
            host.CpuInfo.GetValueOrDefault("cpu_count"), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : null;
        return new(host.Uuid, BriefText.Of(host.NameLabel), host.Enabled, metrics?.Live ?? false, cpus, metrics?.MemoryTotal ?? 0, free);
    }

    private SrFacts Sr(SrRecord sr, IEnumerable<PbdRecord> pbds) => new()
    {
        Uuid = sr.Uuid,
        Name = BriefText.Of(sr.NameLabel),
        Type = sr.Type,
        IsIso = sr.ContentType == "iso",
        IsShared = sr.Shared,
        IsForRecoveryOnly = !sr.IntroducedBy.IsNull,
        Pbds = [.. pbds.Select(p => new PbdFacts(Hosts.GetValueOrDefault(p.Host)?.Uuid ?? "", p.CurrentlyAttached, DeviceConfigs.Mask(p.DeviceConfig)))],
    };

    private VdiFacts Vdi(VdiRecord vdi) => new(
        vdi.Uuid,
        BriefText.Of(vdi.NameLabel),
        Srs.GetValueOrDefault(vdi.Sr)?.Uuid ?? "",
        vdi.Location,
        vdi.VirtualSize,
        vdi.Missing,
        vdi.SmConfig.GetValueOrDefault("SCSIid", ""))
    {
        // A genuine xapi says the same of disks that its VMs run on.
        IsToBeCopied = IsRedoubt && vdi.SmConfig.GetValueOrDefault(Marks.Format) == Marks.Vhd,
    };

    private bool IsRedoubt => Hosts.Values.Any(h => h.SoftwareVersion.GetValueOrDefault("product_brand") == "Redoubt");

    // The copies that a test made go with the test. They are nothing to recover.
    private static bool IsOfTest(VmRecord vm) => vm.OtherConfig.ContainsKey(Marks.Test);

    private static FirmwareVariablesState? Firmware(VmRecord vm, VmMetricsRecord? metrics) =>
        !FirmwareVariables.AreUsedBy(vm) ? null
            : FirmwareVariables.StateOf(vm) is var state && state == FirmwareVariablesState.None && !WasStarted(vm, metrics) ? null : state;

    // One that was never used has nothing yet.
    private TpmFacts? Tpm(VmRecord vm, VmMetricsRecord? metrics) =>
        vm.Vtpms.Select(t => Tpms.GetValueOrDefault(t)).FirstOrDefault(t => t is not null) is { } tpm
        && (tpm.Contents != TpmContentsState.None || WasStarted(vm, metrics)) ? tpm : null;

    private static bool WasStarted(VmRecord vm, VmMetricsRecord? metrics) =>
        vm.PowerState != VmPowerState.Halted || metrics is not null && metrics.StartTime > DateTimeOffset.UnixEpoch;

    private static IEnumerable<BootFileFacts> BootFiles(VmRecord vm) => DirectBoot.IsUsedBy(vm)
        ? new BootFileFacts[] { new("PV_kernel", vm.PvKernel), new("PV_ramdisk", vm.PvRamdisk) }.Where(f => f.Path.Length > 0)
        : [];

    private VmFacts Vm(
        VmRecord vm, IReadOnlyList<VmRecord> snapshots, IReadOnlyList<VbdRecord> vbds, IReadOnlyList<VifRecord> vifs, OddRows odd)
    {
        var metrics = VmMetrics.GetValueOrDefault(vm.Metrics);
        return new()
        {
            Uuid = vm.Uuid,
            Name = BriefText.Of(vm.NameLabel),
            PowerState = vm.PowerState,
            Version = vm.Version,
            LastRecordedAt = DatabaseReader.Newest(
                [.. snapshots.Select(s => s.SnapshotTime), metrics?.StartTime ?? default, metrics?.LastUpdated ?? default]),
            ApplianceUuid = Appliances.GetValueOrDefault(vm.Appliance) is { } appliance && !odd.IsUnusable(appliance) ? appliance.Uuid : "",
            Order = vm.Order,
            StartDelaySeconds = vm.StartDelay,
            MemoryBytes = vm.MemoryDynamicMax > 0 ? vm.MemoryDynamicMax : vm.MemoryStaticMax,
            CpuCount = vm.VcpusAtStartup,
            Targets = RecoveryTargets.Read(vm.OtherConfig).Targets,
            Tags = vm.Tags.Select(t => BriefText.Of(t)).ToImmutableSortedSet(StringComparer.Ordinal),
            IsKeptRunningByHa = vm.HaRestartPriority == "restart" && vm.HaAlwaysRun,
            StartsWithHost = vm.OtherConfig.GetValueOrDefault("auto_poweron") == "true",
            SnapshotCount = snapshots.Count,
            IsParavirtual = vm.HvmBootPolicy.Length == 0 && vm.PvBootloader.Length > 0,
            SuspendVdiUuid = Vdis.GetValueOrDefault(vm.SuspendVdi)?.Uuid ?? "",
            Devices = new(vm.Vtpms.Count, vm.Vgpus.Count, vm.Vusbs.Count, vm.AttachedPcis.Count),
            FirmwareVariables = Firmware(vm, metrics),
            BootFiles = [.. BootFiles(vm)],
            Tpm = Tpm(vm, metrics),
            Unusable = odd.WhyUnusable(vm, vbds),
            Oddities = [.. odd.Of(vm, vbds, vifs)],
            Vbds = [.. vbds.Select(b => new VbdFacts(b.Uuid, b.Userdevice, b.Type, Vdis.GetValueOrDefault(b.Vdi)?.Uuid ?? ""))],
            Vifs = [.. vifs.Select(i => new VifFacts(i.Uuid, i.Device, Networks.GetValueOrDefault(i.Network)?.Uuid ?? "", i.Mac))],
        };
    }
}
