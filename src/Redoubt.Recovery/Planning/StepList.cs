using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// The steps of a plan in their order: the source is fenced before anything is recovered, everything is recovered and connected before
/// anything is started, and what is let go is let go last.
/// </summary>
internal sealed class StepList(
    PlanScene scene, IReadOnlyList<RecoveryUnit> units, IReadOnlyList<PlanTier> tiers, IReadOnlyList<ApplyFix> fixes)
{
    private readonly IReadOnlyList<ChosenVm> _vms = [.. units.SelectMany(u => u.Vms)];
    private readonly HashSet<string> _losesDisks = [.. scene.Disks
        .Where(d => d.Here is null && scene.IsAcceptedMissing(d)).Select(d => d.Vm.Vm.Uuid)];

    // One that a fix shuts down first is off by the time when the other copy takes its place.
    private readonly HashSet<string> _stopped = [.. fixes.Where(f => f.Fix == FixKind.ShutDownHere).Select(f => f.Object.Uuid)];

    public IEnumerable<RecoveryStep> Make() => _vms.Count == 0 ? [] :
    [
        .. Hooks(HookMoment.BeforeRun),
        .. fixes,
        .. scene.IsTest ? [] : Fence(),
        .. Attach(),
        .. scene.IsTest ? NeededSrs().Select(s => new CloneForTest(s) { Disks = [.. Copied(s)] }) : [],
        .. scene.IsTest ? [] : Copy(),
        // Copies for a test are made on networks of their own; a real VM's interfaces can be moved as long as it is off.
        .. scene.IsTest ? MapNetworks() : [],
        .. units.Select(Recover),
        .. scene.IsTest ? [] : MapNetworks(),
        .. scene.IsOrderly ? scene.Sources.Select(s => new HandOver(s.Pool, [.. s.Vms.Select(v => v.Object)])) : [],
        .. scene.Policy.PowerState == PowerStateAfter.Halted ? [] : tiers.SelectMany(Start),
        .. scene.IsTest ? [] : Unprotected().Select(s => new Protect(s)),
        .. Hooks(HookMoment.AfterRun),
        .. CleanUp(),
    ];

    private IEnumerable<RecoveryStep> Hooks(HookMoment moment, long? order = null) =>
        scene.Policy.Hooks.Where(h => h.Moment == moment && (order is null || h.Order is null || h.Order == order))
            .Select(h => new RunHookStep(h with { Order = order }));

    private IEnumerable<RecoveryStep> Fence()
    {
        var sources = scene.Sources;
        foreach (var source in sources)
        {
            var mode = source.Live is null && !scene.IsOrderly ? FenceMode.Statement
                : scene.IsOrderly || scene.IsResolved("vm-alive-at-source", source.Pool) ? FenceMode.ShutDown
                : FenceMode.Check;
            yield return new FenceSource(
                source.Pool, mode,
                [.. source.Vms.OrderByDescending(v => v.Order).ThenBy(v => v.Vm.Name, StringComparer.Ordinal)
                    .ThenBy(v => v.Vm.Uuid, StringComparer.Ordinal).Select(v => v.Object)]);
        }

        if (!scene.IsOrderly)
        {
            yield break;
        }

        foreach (var source in sources)
        {
            yield return new FinalSync(source.Pool);
        }

        yield return new WaitForOperator([.. NeededSrs()]);
    }

    private IEnumerable<RecoveryStep> Attach() => scene.Disks.Where(d => d.SrHere is null && d.Here is null).Select(d => d.Recorded.SrUuid)
        .Distinct().Order(StringComparer.Ordinal).Select(uuid => SrAttachment.Find(scene, uuid)).OfType<SrAttachment>()
        .Select(a => new AttachStorage(a.Sr, a.Type, a.DeviceConfig));

    private IEnumerable<PlanObject> Copied(PlanObject sr) => Sorted(Disks().Where(d => d.IsToBeCopied && d.Recorded.SrUuid == sr.Uuid));

    // A VM's disks together: it needs them all, and the next VM's failure is none of its.
    private IEnumerable<CopyDisks> Copy()
    {
        var disks = Disks().Where(d => d.IsToBeCopied).ToLookup(d => d.Vm, ReferenceEqualityComparer.Instance);
        return from vm in _vms
               from sr in disks[vm].GroupBy(d => scene.CopyTarget(d.Recorded.SrUuid)?.Uuid ?? "")
                   .OrderBy(g => g.Key, StringComparer.Ordinal)
               where sr.Key.Length > 0
               select new CopyDisks(vm.Object, PlanObject.Of(scene.Target.Sr(sr.Key)!), [.. Sorted(sr)]);
    }

    private static IEnumerable<PlanObject> Sorted(IEnumerable<DiskNeed> disks) =>
        disks.Select(d => PlanObject.Of(d.Recorded)).DistinctBy(d => d.Uuid).OrderBy(d => d.Uuid, StringComparer.Ordinal);

    private RecoveryStep Recover(RecoveryUnit unit)
    {
        var volume = PlanObject.Of(unit.Vms[0].Volume);
        var here = scene.IsTest ? [] : unit.Vms
            .Where(v => scene.Target.Vm(v.Vm.Uuid) is { } there && (
                there.PowerState == VmPowerState.Halted || _stopped.Contains(there.Uuid))).ToList();
        var isForced = here.Any(v => scene.Target.Vm(v.Vm.Uuid)!.Version >= v.Vm.Version)
            || unit.Vms.Any(v => _losesDisks.Contains(v.Vm.Uuid));
        return unit.Appliance is { } appliance
            ? new RecoverAppliance(
                PlanObject.Of(appliance), [.. unit.Vms.Select(v => v.Object)], volume, [.. here.Select(v => v.Object)], isForced,
                scene.Policy.PointInTime)
            : new RecoverVm(unit.Vms[0].Object, volume, [.. here.Select(v => v.Object)], isForced, scene.Policy.PointInTime);
    }

    // Of the real thing only what a server does not find by name. A test's networks are all made.
    private IEnumerable<RecoveryStep> MapNetworks()
    {
        var used = _vms.SelectMany(vm => vm.Vm.Vifs.Select(vif => (vm.Object, Network: scene.NetworkOf(vm, vif))))
            .Where(
                u => u.Network is not null
                    && (scene.IsTest || scene.Networks.Told(u.Network) is not null
                        || Connected(u.Network) is { } to && to.Name != u.Network.Name)).ToList();
        var mappings = used.Select(u => u.Network!).DistinctBy(n => n.Uuid).OrderBy(n => n.Name, StringComparer.Ordinal)
            .ThenBy(n => n.Uuid, StringComparer.Ordinal)
            .Select(n => (From: n, To: Connected(n)))
            .Where(n => scene.IsTest || n.To is not null)
            .Select(n => new NetworkMapping(PlanObject.Of(n.From), n.To is null ? null : PlanObject.Of(n.To))).ToList();
        return mappings.Count == 0 ? [] : [new MapNetworks([.. used.Select(u => u.Object).Distinct()], [.. mappings])];
    }

    // A test is connected to a real network only if the map for tests says so.
    private NetworkFacts? Connected(NetworkFacts theirs) =>
        scene.IsTest && scene.Networks.Told(theirs) is null ? null : scene.Networks.Find(theirs) is [var first, ..] ? first : null;

    private IEnumerable<RecoveryStep> Start(PlanTier tier)
    {
        var limits = scene.Policy.Limits;
        var isPaused = scene.Policy.PowerState == PowerStateAfter.Paused;
        foreach (var hook in Hooks(HookMoment.BeforeTier, tier.Order))
        {
            yield return hook;
        }

        yield return new StartTier(tier.Order, tier.Vms, isPaused, limits.ParallelStarts);
        if (!isPaused)
        {
            yield return new WaitHealthy(
                tier.Order, tier.Vms, tier.LeastWait, limits.HealthTimeout,
                scene.Policy.OnFailureOfTier.TryGetValue(tier.Order, out var own) ? own : scene.Policy.OnTierFailure);
        }

        foreach (var hook in Hooks(HookMoment.AfterTier, tier.Order))
        {
            yield return hook;
        }
    }

    private IEnumerable<PlanObject> NeededSrs() => Objects(Disks().Select(d => d.SrHere ?? d.RecordedSr));

    private static IEnumerable<PlanObject> Objects(IEnumerable<SrFacts?> srs) =>
        srs.OfType<SrFacts>().DistinctBy(s => s.Uuid).OrderBy(s => s.Uuid, StringComparer.Ordinal).Select(PlanObject.Of);

    private IEnumerable<DiskNeed> Disks()
    {
        // By reference: the values behind two of these are whole databases.
        var vms = _vms.ToHashSet(ReferenceEqualityComparer.Instance);
        return scene.Disks.Where(d => vms.Contains(d.Vm));
    }

    private IEnumerable<PlanObject> Unprotected()
    {
        // A volume of ours on storage that is attached for a recovery lies still: nobody writes it, as after a failover it comes home.
        var held = scene.Target.Facts.Srs.Where(s => s.IsForRecoveryOnly).Select(s => s.Uuid).ToHashSet();
        var own = scene.Inventory.Volumes.Where(v => v.IsTargetsOwn && !held.Contains(v.SrUuid)).Select(v => v.SrUuid).ToHashSet();
        var used = Disks().Select(d => d.IsToBeCopied ? scene.CopyTarget(d.Recorded.SrUuid) : d.SrHere ?? d.RecordedSr);
        return Objects(used).Where(s => !own.Contains(s.Uuid) && ServerChecks.CanProtect(scene, s.Uuid));
    }

    private IEnumerable<RecoveryStep> CleanUp()
    {
        if (scene.IsTest)
        {
            return [new CleanUp([.. NeededSrs()], [.. _vms.Select(v => v.Object)])];
        }

        // What others have attached for a recovery of theirs is theirs to let go.
        var needed = NeededSrs().Select(s => s.Uuid).ToHashSet();
        var held = scene.Target.Facts.Srs.Where(s => s.IsForRecoveryOnly && needed.Contains(s.Uuid)).Select(PlanObject.Of)
            .Concat(Attach().OfType<AttachStorage>().Select(a => a.Sr)).DistinctBy(s => s.Uuid).ToList();
        return held.Count == 0 ? [] : [new CleanUp([.. held], [])];
    }
}
