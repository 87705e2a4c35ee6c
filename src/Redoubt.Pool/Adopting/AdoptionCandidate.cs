using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>A domain of a libvirt, as it is judged for adoption into this pool.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Definition">What it is defined as; null: that can't be read.</param>
/// <param name="Disks">The pool's disks that its drives have, by their numbers.</param>
/// <param name="Findings">What can't be kept, and what should be known.</param>
internal sealed record AdoptionCandidate(
    DefinedDomain Domain, DomainDefinition? Definition, ImmutableSortedDictionary<int, Ref<VdiRecord>> Disks,
    ImmutableArray<AdoptionFinding> Findings)
{
    /// <summary>Whether it can be adopted as it is.</summary>
    public bool IsAdoptable => Definition is not null && Findings.All(f => f.Weight != AdoptionWeight.Block);

    /// <summary>Judges a domain: by itself, by what the pool has of its disks, and by whether the pool has such a VM.</summary>
    public static async Task<AdoptionCandidate> JudgeAsync(PoolServices pool, DefinedDomain domain, CancellationToken cancellationToken)
    {
        var findings = AdoptionFindings.Of(domain).ToList();
        DomainDefinition definition;
        try
        {
            definition = DomainDefinition.Parse(domain.Xml);
        }
        catch (FormatException)
        {
            return new(domain, null, ImmutableSortedDictionary<int, Ref<VdiRecord>>.Empty, [.. findings]); // It is among the findings.
        }

        if (pool.State.Find(pool.State.FindByUuid<VmRecord>(domain.Uuid.ToString("D"))) is { } vm)
        {
            findings.Add(AdoptedVm.Is(vm)
                ? new(AdoptionWeight.Block, "domain", "It is adopted.")
                : new(AdoptionWeight.Block, "domain", $"It is the VM {vm.NameLabel} of this pool, which the pool runs by itself."));
        }

        if (definition.NvramPath is { } flash && !File.Exists(flash) && domain.RunningXml is not null)
        {
            findings.Add(new(
                AdoptionWeight.Warning, "os", $"The file of its UEFI variables, {flash}, can't be seen by this daemon: they are not "
                    + "protected."));
        }

        var disks = await FindDisksAsync(pool, definition, findings, cancellationToken);
        foreach (var (number, disk) in disks)
        {
            var user = pool.State.Get(disk).Vbds.Select(pool.State.Find).OfType<VbdRecord>().Select(b => pool.State.Find(b.Vm))
                .OfType<VmRecord>().FirstOrDefault(v => v.Uuid != domain.Uuid.ToString("D") && !v.IsASnapshot);
            if (user is not null)
            {
                findings.Add(new(
                    AdoptionWeight.Block, definition.Disks[number].Target,
                    $"{definition.Disks[number].Place} is a disk of the VM {user.NameLabel} ({user.Uuid}) already."));
            }
        }

        return new(domain, definition, disks, [.. findings.OrderBy(f => f.Weight)]);
    }

    /// <summary>Finds the pool's disks that a definition names, and says why it has not one.</summary>
    public static async Task<ImmutableSortedDictionary<int, Ref<VdiRecord>>> FindDisksAsync(
        PoolServices pool, DomainDefinition definition, List<AdoptionFinding> findings, CancellationToken cancellationToken)
    {
        var disks = ImmutableSortedDictionary.CreateBuilder<int, Ref<VdiRecord>>();
        foreach (var (number, disk) in definition.Disks.Index().Where(d => d.Item is { IsCdrom: false, Path: not null }))
        {
            // Storage may hang, and whoever asks for the list is not to.
            var found = await Task.Run(() => AdoptedDisk.Find(pool, disk.Path!), cancellationToken).WaitAsync(cancellationToken);
            if (found.IsNull)
            {
                findings.Add(new(AdoptionWeight.Block, disk.Target, await Task.Run(() => Homeless(pool, disk.Path!), cancellationToken)));
                continue;
            }

            var vdi = pool.State.Get(found);
            if (vdi.Type != XenApi.VdiType.User)
            {
                findings.Add(new(AdoptionWeight.Block, disk.Target, $"{disk.Path} holds a pool's metadata, which no guest may have."));
                continue;
            }

            try
            {
                var seen = await pool.Hosts.Local.Attached.Get(vdi.Sr, pool.State.Get(vdi.Sr))
                    .StatVdiAsync(SrRows.Uuid(vdi), cancellationToken);
                if (!seen.Format.ToString().Equals(disk.Format, StringComparison.OrdinalIgnoreCase))
                {
                    findings.Add(new(
                        AdoptionWeight.Block, disk.Target,
                        $"{disk.Path} is {seen.Format.ToString().ToLowerInvariant()} by its name and its first bytes, and "
                            + $"{disk.Format} by the "
                            + "domain's definition: a guest's own writing must not decide that. Correct the definition (virsh edit), "
                            + "or name "
                            + "the file by its format."));
                    continue;
                }
            }
            catch (XenApiException unusable)
            {
                findings.Add(new(AdoptionWeight.Block, disk.Target, ErrorSentences.Of(unusable)));
                continue;
            }

            disks[number] = found;
        }

        return disks.ToImmutable();
    }

    private static string Homeless(PoolServices pool, string path)
    {
        if (HostRoots.LeadsNowhere(path))
        {
            return $"\"{BriefText.Of(path, 200)}\" is no path.";
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        return pool.Roots.FindLocationProblem(folder, isAdministrator: true) is { } problem
            ? $"{path} is on no SR, and its folder can become none: {problem}. The administrator of this host says what may "
                + "(serve --sr-root)."
            : !File.Exists(path) ? $"{path} is not there, or this daemon may not see it."
            : new FileInfo(path).LinkTarget is not null ? $"{path} is a symbolic link, which is not followed: name the image itself."
            : $"{path} is on no SR that is attached here: make its folder one, in place (sr-create type=folder name-label=NAME "
                + $"device-config:location={folder}), or scan that SR (sr-scan).";
    }
}
