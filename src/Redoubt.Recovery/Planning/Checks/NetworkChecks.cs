namespace Redoubt.Recovery;

/// <summary>Where the interfaces of the chosen VMs lead to, and whether a hardware address is there twice.</summary>
internal static class NetworkChecks
{
    private const int MacHoldersShown = 10;

    public static void Run(PlanScene scene, FindingList findings)
    {
        var used = scene.Chosen.SelectMany(vm => vm.Vm.Vifs.Select(vif => (Vm: vm, Vif: vif, Network: scene.NetworkOf(vm, vif)))).ToList();
        foreach (var group in used.Where(u => u.Network is not null).GroupBy(u => u.Network!.Uuid)
            .OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Mapped(scene, group.First().Network!, [.. group.Select(u => u.Vm.Object)], findings);
        }

        foreach (var (vm, vif, _) in used.Where(u => u.Network is null))
        {
            findings.Warn(
                "network-unknown", vm.Object, $"The metadata don't say on which network interface {vif.Position} was.",
                "Give the recovered VM a network by hand.");
        }

        if (!scene.IsTest)
        {
            Macs(scene, used.ConvertAll(u => (u.Vm, u.Vif)), findings);
        }
    }

    private static void Mapped(PlanScene scene, NetworkFacts theirs, IReadOnlyList<PlanObject> vms, FindingList findings)
    {
        var found = scene.Networks.Find(theirs);
        var told = scene.Networks.Told(theirs);
        var about = PlanObject.Of(theirs);
        if (told is not null && found.Count == 0)
        {
            findings.Block(
                "network-map-wrong", about, $"The network map sends \"{theirs.Name}\" to \"{told}\", which the target pool does not have.",
                "Correct the map.", null, vms);
        }
        else if (found.Count == 0 && !scene.IsTest)
        {
            findings.Block(
                "network-unmapped", about,
                "The target pool has no network "
                    + $"\"{theirs.Name}\"{(theirs.Bridge.Length > 0 ? $", nor one on a bridge \"{theirs.Bridge}\"" : "")}. The server "
                    + "would silently make one without any connection.",
                $"Say which network stands for it: \"network-map:{theirs.Name}=NAME\", or make one: redoubt network-create "
                    + $"name-label=\"{theirs.Name}\"",
                new(
                    FixKind.CreateNetwork,
                    $"make an internal network \"{theirs.Name}\"; it connects these VMs with each other and with nothing else"),
                vms);
        }
        else if (found.Count > 0 && found[0].Trouble.Length > 0)
        {
            findings.Warn(
                "network-dead", about,
                $"The VMs would run without it: interfaces on \"{found[0].Name}\", which stands for \"{theirs.Name}\", stay unplugged, "
                    + $"for {found[0].Trouble}.",
                $"Create the bridge (ip link add {found[0].Bridge} type bridge), or say which other network stands for it: "
                    + $"\"network-map:{theirs.Name}=NAME\"",
                null, vms);
        }

        if (found.Count > 1)
        {
            findings.Warn(
                "network-ambiguous", about,
                $"{found.Count} networks of the target pool could stand for \"{theirs.Name}\": "
                    + $"{string.Join(", ", found.Select(n => n.Uuid))}.",
                $"Say which one by UUID: \"network-map:{theirs.Name}=UUID\"", null, vms);
        }
        else if (found.Count == 1 && told is null && found[0].Name != theirs.Name && !scene.IsTest)
        {
            findings.Tell(
                "network-by-bridge", about, $"\"{found[0].Name}\" stands for it, since it has the same bridge \"{theirs.Bridge}\".",
                "Nothing, if that is right.", vms);
        }
    }

    private static void Macs(PlanScene scene, IReadOnlyList<(ChosenVm Vm, VifFacts Vif)> used, FindingList findings)
    {
        var chosen = scene.Chosen.Select(c => c.Vm.Uuid).ToHashSet();
        var here = scene.Target.Facts.Vms.Where(v => !chosen.Contains(v.Uuid))
            .SelectMany(v => v.Vifs.Select(i => (Vm: v.Uuid, Name: v.Name + " here", i.Mac)));
        var holders = here.Concat(used.Select(u => (Vm: u.Vm.Vm.Uuid, u.Vm.Vm.Name, u.Vif.Mac))).Where(h => h.Mac.Length > 0)
            .GroupBy(h => h.Mac, StringComparer.OrdinalIgnoreCase).ToDictionary(
                g => g.Key, g => g.OrderBy(h => h.Name, StringComparer.Ordinal).ToList(), StringComparer.OrdinalIgnoreCase);
        foreach (var (vm, vif) in used)
        {
            // All of them may have one and the same.
            var others = holders.GetValueOrDefault(vif.Mac, []).Where(h => h.Vm != vm.Vm.Uuid).Select(h => h.Name).Distinct().Take(
                MacHoldersShown + 1).ToList();
            if (others.Count > 0)
            {
                var shown = others.Take(MacHoldersShown);
                var more = others.Count > MacHoldersShown ? " and others" : "";
                findings.Warn(
                    "mac-clash", vm.Object,
                    $"Interface {vif.Position} has the hardware address {vif.Mac}, which {string.Join(", ", shown)}{more} has too.",
                    "Two machines with one address disturb each other on one network. Keep one of them off, or give it another address.");
            }
        }
    }
}
