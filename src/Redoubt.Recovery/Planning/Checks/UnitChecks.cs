namespace Redoubt.Recovery;

/// <summary>Puts the chosen VMs into the units that one call recovers, and says where a vApp can't be recovered as a whole.</summary>
internal static class UnitChecks
{
    public static IReadOnlyList<RecoveryUnit> Run(PlanScene scene, FindingList findings)
    {
        var units = new List<RecoveryUnit>();
        foreach (var group in scene.Chosen.Where(v => v.Appliance is not null).GroupBy(v => v.Appliance!.Uuid)
            .OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            if (IsWhole(scene, [.. group], findings))
            {
                units.Add(new(group.First().Appliance, [.. group]));
            }
        }

        units.AddRange(scene.Chosen.Where(v => v.Appliance is null).Select(v => new RecoveryUnit(null, [v])));
        return units;
    }

    // VM_appliance.recover takes every member from one database, and VM.recover refuses members. So it is all or none.
    private static bool IsWhole(PlanScene scene, IReadOnlyList<ChosenVm> members, FindingList findings)
    {
        var appliance = PlanObject.Of(members[0].Appliance!);
        var volumes = members.Select(m => m.Volume.VdiUuid).Distinct().ToList();
        if (volumes.Count > 1)
        {
            findings.Block(
                "appliance-split", appliance,
                "The newest copies of its VMs are on different volumes: "
                    + $"{string.Join(", ", members.Select(m => $"{m.Vm.Name} on {m.Volume.VdiUuid}"))}.",
                "A vApp is recovered from one volume: choose for each VM the copy on the same one (copy:VM=VOLUME).",
                new(FixKind.ChooseCopy, "take all from the volume that the operator names"),
                members.Select(m => m.Object));
            return false;
        }

        var chosen = members.Select(c => c.Vm.Uuid).ToHashSet();
        var left = scene.Source(members[0]).Members(appliance.Uuid).Where(m => m.Unusable is null && !chosen.Contains(m.Uuid)).ToList();
        if (left.Count == 0)
        {
            return true;
        }

        findings.Block(
            "appliance-incomplete", appliance,
            $"Only some of its VMs would be recovered: {string.Join(", ", members.Select(m => m.Vm.Name))}; not "
                + $"{string.Join(", ", left.Select(m => m.Name))}. A vApp is recovered as a whole.",
            "Choose the vApp, or deal with what keeps the others out.",
            new(FixKind.ChooseAppliance, $"choose the vApp: appliances={appliance.Uuid}"),
            members.Select(m => m.Object));
        return false;
    }
}
