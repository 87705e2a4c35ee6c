using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// What the target pool already has of the same UUID or name. A test comes beside it under other UUIDs, so none of it matters there.
/// </summary>
internal static class PresenceChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        if (scene.IsTest)
        {
            return;
        }

        foreach (var vm in scene.Chosen)
        {
            Same(scene, vm, findings);
            Named(scene, vm, findings);
        }

        foreach (var members in scene.Chosen.Where(c => c.Appliance is not null).GroupBy(c => c.Appliance!.Uuid))
        {
            Same(scene, members.First().Appliance!, [.. members], findings);
        }
    }

    private static void Same(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        if (scene.Target.Vm(vm.Vm.Uuid) is not { } here)
        {
            return;
        }

        if (here.PowerState != VmPowerState.Halted)
        {
            // Forced or not, a copy that runs or could be resumed never gives way: the same VM would be there twice. No run throws away the
            // state of a suspended one.
            var isSuspended = here.PowerState == VmPowerState.Suspended;
            findings.Block(
                isSuspended ? "vm-suspended-here" : "vm-running-here", vm.Object,
                $"The target pool has the same VM, version {here.Version}, and it is {here.PowerState.ToString().ToLowerInvariant()}.",
                isSuspended
                    ? "Make sure which of the two is the right one. If it is the replica's, resume the one here and shut it down, or shut "
                        + "it down hard: its suspended state is lost then."
                    : "Make sure which of the two is the right one. If it is the replica's, shut the one here down.",
                isSuspended ? null : new(FixKind.ShutDownHere, $"redoubt vm-shutdown uuid={here.Uuid}"));
            return;
        }

        findings.Warn(
            here.Version < vm.Vm.Version ? "vm-replaced" : "vm-replaced-by-choice", vm.Object,
            $"The target pool has the same VM, halted, version {here.Version}; the copy of version {vm.Vm.Version} "
                + "replaces it. Its disks stay.",
            "Nothing, unless the one here has changes that you need.");
    }

    private static void Named(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        if (scene.Target.VmsNamed(vm.Vm.Name).FirstOrDefault(v => v.Uuid != vm.Vm.Uuid) is { } namesake)
        {
            findings.Tell(
                "name-clash", vm.Object, $"The target pool has another VM of this name ({namesake.Uuid}).",
                "Speak of them by UUID, or rename one afterwards.");
        }
    }

    private static void Same(PlanScene scene, ApplianceFacts appliance, IReadOnlyList<ChosenVm> chosen, FindingList findings)
    {
        if (scene.Target.Appliance(appliance.Uuid) is null)
        {
            return;
        }

        var staying = chosen.Select(c => c.Vm.Uuid).ToHashSet();
        var leaving = scene.Target.Members(appliance.Uuid).Where(m => !staying.Contains(m.Uuid)).Select(m => m.Name).ToList();
        findings.Warn(
            "appliance-present", PlanObject.Of(appliance),
            "The target pool has the same vApp; it takes the recovered VMs and this name."
            + (leaving.Count > 0 ? $" Taken out of it: {string.Join(", ", leaving)}." : ""),
            "Nothing, unless VMs were added to it here.", null, chosen.Select(c => c.Object));
    }
}
