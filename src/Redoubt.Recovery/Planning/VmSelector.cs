namespace Redoubt.Recovery;

/// <summary>Finds the newest copy of each VM, and those VMs that the policy means.</summary>
internal sealed class VmSelector(
    RecoveryPolicy policy, Inventory inventory, Dictionary<VolumeFacts, DatabaseIndex> volumes, FindingList findings)
{
    private readonly List<VmChoice> _choices = [];
    private readonly List<ChosenVm> _chosen = [];

    public IReadOnlyList<VmChoice> Choices => _choices;

    public IReadOnlyList<ChosenVm> Chosen => _chosen;

    public VmSelector Run()
    {
        // What the target itself wrote is left out: its live database is newer. A test comes beside whatever the target has.
        var readable = inventory.Volumes.Where(
            v => v is { IsTargetsOwn: false, Database: not null } && policy.Believes(v)
                && v.Database.Pool.Uuid != inventory.Target.Database.Pool.Uuid);
        var copies = readable.SelectMany(v => v.Database!.Vms.Select(vm => new VmCopy(v, v.Database, vm))).ToList();
        var here = policy.Kind == RecoveryKind.Test
            ? []
            : inventory.Target.Database.Vms.Select(vm => new VmCopy(null, inventory.Target.Database, vm));
        var places = here.Concat(copies).ToLookup(c => c.Vm.Uuid);
        var meant = Meant(copies);
        foreach (var copy in copies.Where(c => c.Vm.Unusable is not null && meant.Contains(c.Vm.Uuid))
            .OrderBy(c => c.Vm.Uuid, StringComparer.Ordinal).ThenBy(c => c.Place, StringComparer.Ordinal))
        {
            Unusable(copy);
        }

        foreach (var uuid in copies.Where(c => c.Vm.Unusable is null).Select(c => c.Vm.Uuid).Distinct().Where(meant.Contains)
            .Order(StringComparer.Ordinal))
        {
            Decide([.. places[uuid].Where(c => c.Vm.Unusable is null)]);
        }

        return this;
    }

    private void Decide(IReadOnlyList<VmCopy> copies)
    {
        var (newest, reason) = CopyRanking.Choose(copies, policy.Copies.GetValueOrDefault(copies[0].Vm.Uuid));
        var shown = newest is { Volume: not null } ? newest : copies.First(c => c.Volume is not null);
        var vm = PlanObject.Of((newest ?? shown).Vm);
        _choices.Add(new VmChoice(vm, newest?.Facts, reason, [.. copies.Where(c => c != newest).Select(c => c.Facts)])
        {
            Appliance = volumes[shown.Volume!].Appliance(shown.Vm.ApplianceUuid) is { } appliance ? PlanObject.Of(appliance) : null,
            Targets = shown.Vm.Targets,
            Tags = [.. shown.Vm.Tags],
        });
        switch (newest)
        {
            case null:
                findings.Block(
                    "copy-undecidable",
                    vm,
                    $"{copies.Count} copies, and the facts don't tell which is the newest ({reason}): "
                        + $"{string.Join("; ", copies.Select(c => c.Facts.Describe()))}.",
                    $"Look at both and choose: copy:{vm.Uuid}=VOLUME, or copy:{vm.Uuid}={RecoveryPolicy.CopyHere} for the copy here.",
                    new(FixKind.ChooseCopy, "take the copy that the operator names"));
                break;
            case { Volume: null }:
                NewestIsHere(vm, reason);
                break;
            default:
                var order = policy.Orders.TryGetValue(vm.Uuid, out var byUuid) ? byUuid : policy.Orders.TryGetValue(vm.Name, out var byName) ? byName : newest.Vm.Order;
                _chosen.Add(new ChosenVm(newest, volumes[newest.Volume].Appliance(newest.Vm.ApplianceUuid), order));
                break;
        }
    }

    // One damaged row costs the VM that it belongs to, and no other.
    private void Unusable(VmCopy copy) => findings.Warn(
        "vm-unusable", PlanObject.Of(copy.Vm), $"The VM can't be recovered from volume {copy.Place}: {copy.Vm.Unusable}.",
        "The others are recovered without it. Choose an earlier state of the metadata (at=) in which its rows are whole, or make the "
            + "VM anew from its disks.");

    // Whoever wants everything does not want what is here already; whoever names a VM is told.
    private void NewestIsHere(PlanObject vm, string reason)
    {
        var sentence = $"The newest copy is the target pool's own ({reason}); there is nothing to recover.";
        if (policy.Chosen.IsEverything())
        {
            findings.Tell("newest-here", vm, sentence, "Start the VM here if it should run.");
        }
        else
        {
            findings.Block(
                "newest-here", vm, sentence, $"Leave it out and start the VM here, or choose the other copy: copy:{vm.Uuid}=VOLUME.",
                new(FixKind.ChooseCopy, "take the copy that the operator names; the one here gives way"));
        }
    }

    private HashSet<string> Meant(IReadOnlyList<VmCopy> copies)
    {
        var chosen = policy.Chosen;
        if (chosen.IsEverything())
        {
            return [.. copies.Select(c => c.Vm.Uuid)];
        }

        var meant = new HashSet<string>();
        // By either word, so that naming thousands does not go over all copies for each.
        var vms = copies.SelectMany(c => new[] { c.Vm.Uuid, c.Vm.Name }.Distinct().Select(word => (Word: word, c.Vm.Uuid)))
            .ToLookup(c => c.Word, c => c.Uuid);
        foreach (var name in chosen.Vms)
        {
            Add(meant, vms[name], "VM", name, isSingle: true);
        }

        var members = copies.Select(c => (c.Vm.Uuid, Appliance: volumes[c.Volume!].Appliance(c.Vm.ApplianceUuid)))
            .Where(c => c.Appliance is not null)
            .SelectMany(c => new[] { c.Appliance!.Uuid, c.Appliance.Name }.Distinct().Select(word => (Word: word, Member: c)))
                .ToLookup(c => c.Word, c => c.Member);
        foreach (var name in chosen.Appliances)
        {
            // Two vApps of one name are two vApps, though their members may be many.
            var named = members[name].ToList();
            if (named.Select(c => c.Appliance!.Uuid).Distinct().Count() > 1)
            {
                Ambiguous("vApp", name, named.Select(c => c.Appliance!.Uuid));
            }

            Add(meant, named.Select(c => c.Uuid), "vApp", name, isSingle: false);
        }

        var tagged = copies.SelectMany(c => c.Vm.Tags.Select(tag => (Tag: tag, c.Vm.Uuid))).ToLookup(c => c.Tag, c => c.Uuid);
        foreach (var tag in chosen.Tags)
        {
            Add(meant, tagged[tag], "tag", tag, isSingle: false);
        }

        return meant;
    }

    private void Add(HashSet<string> meant, IEnumerable<string> uuids, string kind, string name, bool isSingle)
    {
        var found = uuids.Distinct().ToList();
        if (found.Count == 0)
        {
            findings.Block(
                "not-found", new(ObjectKind.Request, name, name), $"No metadata that could be read has a {kind} \"{name}\".",
                "Check the spelling, and that the storage with its metadata is attached.");
        }

        if (isSingle && found.Count > 1)
        {
            Ambiguous(kind, name, found);
        }

        meant.UnionWith(found);
    }

    private void Ambiguous(string kind, string name, IEnumerable<string> uuids) => findings.Block(
        "name-ambiguous", new(ObjectKind.Request, name, name),
        $"Several have the name of {kind} \"{name}\": {string.Join(", ", uuids.Distinct().Order(StringComparer.Ordinal))}.",
        "Choose by UUID.");
}
