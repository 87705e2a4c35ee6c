using System.Text.Json.Nodes;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Adopts domains of a libvirt of this host as VMs of the pool, while they run, and gives them back.
/// <code>
/// 1 judged              what can't be kept and why; anything that blocks refuses the whole, and nothing is changed
/// 2 written down        the VM with its drives, interfaces and definition, in one transaction with the check that nobody else has its
/// disks
/// 3 its autostart       is taken from libvirt, which has been noted before; from now on the pool starts it with the host
/// </code>
/// A daemon that dies after 2 finds the VM, and takes its autostart when it takes up the libvirt again.
/// </summary>
internal sealed partial class AdoptionCalls(PoolServices pool, AdoptionOrigins origins, Guests guests, AdoptedFirmware firmware)
{
    [Message("VM.get_adoptable")]
    public async Task<string> GetAdoptableAsync(CallContext call, string libvirt)
    {
        var uri = origins.Require(libvirt);
        var domains = await origins.AskAsync(uri, h => h.ListDefinedAsync(call.Cancellation), call.Cancellation);
        var list = new JsonArray();
        foreach (var domain in domains.OrderBy(d => d.Name, StringComparer.Ordinal))
        {
            list.Add(Json(await AdoptionCandidate.JudgeAsync(pool, domain, call.Cancellation)));
        }

        return new JsonObject { ["libvirt"] = uri, ["domains"] = list }.ToJsonString();
    }

    [Message("VM.adopt")]
    public async Task<Ref<VmRecord>> AdoptAsync(CallContext call, string libvirt, string domain)
    {
        var uri = origins.Require(libvirt);
        using var alone = await AloneAsync(uri, call);
        var all = await origins.AskAsync(uri, h => h.ListDefinedAsync(call.Cancellation), call.Cancellation);
        var named = all.Where(d => d.Name == domain || d.Uuid.ToString("D") == domain).ToList();
        if (named is not [var found])
        {
            throw new XenApiException("VALUE_NOT_SUPPORTED", "domain", domain, $"{uri} has {named.Count} domains of that name or UUID.");
        }

        var candidate = await AdoptionCandidate.JudgeAsync(pool, found, call.Cancellation);
        if (!candidate.IsAdoptable)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{found.Name} can't be adopted: " + string.Join(" ", candidate.Findings.Where(f => f.Weight == AdoptionWeight.Block)
                    .Select(f => $"{f.Subject}: {f.Text}")));
        }

        var link = await origins.OpenAsync(uri, call.Cancellation);
        Ref<VmRecord> made;
        try
        {
            var state = await link.Hypervisor.FindAsync(found.Uuid, call.Cancellation);
            made = await pool.Database.WriteAsync(
                tx =>
                {
                    if (!tx.State.FindByUuid<VmRecord>(found.Uuid.ToString("D")).IsNull)
                    {
                        throw new XenApiException("UUID_ALREADY_EXISTS", found.Uuid.ToString("D"));
                    }

                    var vm = AdoptionRows.Create(tx, candidate, uri, tx.Get(link.Host), pool.Time.GetUtcNow());
                    VmDisks.RequireFree(tx.State, vm);
                    if (state is not null)
                    {
                        GuestStates.Run(tx, vm, state, link.Host);
                        AdoptionRows.Attach(tx, vm);
                    }

                    return vm;
                },
                call.Cancellation);
        }
        catch (Exception refused)
        {
            await origins.CloseUnusedAsync();
            if (refused is HypervisorException lost)
            {
                throw GuestFailure.NoHypervisor(lost, link.Host);
            }

            throw;
        }

        await SettleAsync(link, made, candidate.Domain);
        return made;
    }

    // From here on it is a VM of the pool, whatever becomes of the call.
    private async Task SettleAsync(HostLink link, Ref<VmRecord> made, DefinedDomain domain)
    {
        try
        {
            await link.Disks.TakeUpAsync(pool, link, default, CancellationToken.None);
            if (domain.StartsWithHost)
            {
                await link.Defined.SetStartsWithHostAsync(domain.Uuid, false, CancellationToken.None);
            }

            await firmware.TakeAsync(domain.Uuid, CancellationToken.None);
            await guests.RefreshAsync(link, domain.Uuid, isGivenUp: false, null, CancellationToken.None);
        }
        catch (HypervisorException lost)
        {
            throw GuestFailure.Explain(lost, made, link.Host, null); // What is left to be done is done when it is back.
        }
    }

    // A libvirt that nothing lives in any more is let go, which must not happen while something is about to.
    private Task<IDisposable> AloneAsync(string libvirt, CallContext call) =>
        pool.Gates.EnterAsync($"adoption from {libvirt}", call.Cancellation);

    [Message("VM.unadopt")]
    public async Task UnadoptAsync(CallContext call, Ref<VmRecord> self)
    {
        var vm = pool.State.Get(self);
        if (AdoptedVm.OriginOf(vm) is not { } libvirt)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", $"{vm.NameLabel} ({vm.Uuid}) is one of the pool's own and lives in no other libvirt.");
        }

        using var alone = await AloneAsync(libvirt, call);
        VmRows.RequireIdle(self, vm);
        if (vm.SnapshotInfo.ContainsKey(AdoptedVm.Autostart))
        {
            await GiveAutostartBackAsync(libvirt, VmRows.Uuid(vm), call.Cancellation);
        }

        await pool.Database.WriteAsync(
            tx =>
            {
                VmRows.RequireIdle(self, tx.Get(self));
                VmRows.Delete(tx, self);
            },
            CancellationToken.None);
        foreach (var link in pool.Hosts.Origins.Where(o => o.Origin == libvirt))
        {
            await link.Disks.SettleAsync(pool.State, VmRows.Uuid(vm));
        }

        await origins.CloseUnusedAsync();
    }

    private Task<bool> GiveAutostartBackAsync(string libvirt, Guid uuid, CancellationToken cancellationToken) => origins.AskAsync(
        origins.Require(libvirt),
        async hypervisor =>
        {
            if (await hypervisor.FindDefinedAsync(uuid, cancellationToken) is not { IsPersistent: true })
            {
                return false; // There is nothing any more to be started.
            }

            await hypervisor.SetStartsWithHostAsync(uuid, true, cancellationToken);
            return true;
        },
        cancellationToken);

    private JsonObject Json(AdoptionCandidate candidate)
    {
        var (domain, definition) = (candidate.Domain, candidate.Definition);
        var running = domain.RunningXml is not null;
        var vm = pool.State.Find(pool.State.FindByUuid<VmRecord>(domain.Uuid.ToString("D")));
        return new()
        {
            ["uuid"] = domain.Uuid.ToString("D"),
            ["name"] = domain.Name,
            ["running"] = running,
            ["adopted"] = vm is not null && AdoptedVm.Is(vm),
            ["adoptable"] = candidate.IsAdoptable,
            ["memory"] = definition?.MemoryBytes ?? 0,
            ["vcpus"] = definition?.Vcpus ?? 0,
            ["machine"] = definition?.Machine ?? "",
            ["firmware"] = definition is { IsUefi: true } ? "uefi" : "bios",
            ["disks"] = new JsonArray([.. (definition?.Disks ?? []).Select((disk, number) => (JsonNode)new JsonObject
            {
                ["target"] = disk.Target,
                ["bus"] = disk.Bus,
                ["device"] = disk.Device,
                ["kind"] = disk.Kind,
                ["place"] = disk.Place,
                ["format"] = disk.Format,
                ["vdi"] = candidate.Disks.TryGetValue(number, out var vdi) ? pool.State.Get(vdi).Uuid : "",
                ["sr"] = candidate.Disks.TryGetValue(number, out vdi) ? pool.State.Get(pool.State.Get(vdi).Sr).Uuid : "",
            })]),
            ["networks"] = new JsonArray([.. (definition?.Nics ?? []).Select(nic => (JsonNode)new JsonObject
            {
                ["mac"] = nic.Mac,
                ["kind"] = nic.Kind,
                ["network"] = nic.Network ?? nic.Bridge ?? "",
                ["model"] = nic.Model,
            })]),
            ["findings"] = new JsonArray([.. candidate.Findings.Select(f => (JsonNode)new JsonObject
            {
                ["weight"] = f.Weight.ToString().ToLowerInvariant(),
                ["subject"] = f.Subject,
                ["text"] = f.Text,
            })]),
        };
    }
}
