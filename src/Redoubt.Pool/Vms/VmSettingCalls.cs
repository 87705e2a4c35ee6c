using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The settings of a VM that need a check or have a consequence.</summary>
internal sealed partial class VmSettingCalls(PoolServices pool, Guests guests)
{
    [Message("VM.set_VCPUs_max")]
    public Task SetVcpusMaxAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetVcpusAsync(call, self, v => v with { VcpusMax = value });

    [Message("VM.set_VCPUs_at_startup")]
    public Task SetVcpusAtStartupAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetVcpusAsync(call, self, v => v with { VcpusAtStartup = value });

    /// <summary>Of a guest that runs, within what it was started with room for; its next start begins with as many.</summary>
    [Message("VM.set_VCPUs_number_live")]
    public async Task SetVcpusNumberLiveAsync(CallContext call, Ref<VmRecord> self, long nvcpu)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, self, VmOperations.ChangingVcpusLive, v =>
        {
            VmChecks.Require(self, v, VmOperations.ChangingVcpusLive, VmPowerState.Running);
            VmChecks.RequireSizes(v with { VcpusAtStartup = nvcpu });
        });
        await guests.DoAsync(self, (h, uuid) => h.SetVcpusAsync(uuid, (int)nvcpu, CancellationToken.None));
        await pool.Database.WriteAsync(
            tx =>
            {
                tx.Update(self, v => v with { VcpusAtStartup = nvcpu });
                if (tx.Find(tx.Get(self).Metrics) is not null)
                {
                    tx.Update(tx.Get(self).Metrics, m => m with { VcpusNumber = nvcpu, LastUpdated = pool.Time.GetUtcNow() });
                }
            },
            CancellationToken.None);
    }

    [Message("VM.set_order")]
    public Task SetOrderAsync(CallContext call, Ref<VmRecord> self, long value) => SetOrderAsync(call, self, v => v with { Order = value });

    [Message("VM.set_start_delay")]
    public Task SetStartDelayAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetOrderAsync(call, self, v => v with { StartDelay = value });

    [Message("VM.set_shutdown_delay")]
    public Task SetShutdownDelayAsync(CallContext call, Ref<VmRecord> self, long value) =>
        SetOrderAsync(call, self, v => v with { ShutdownDelay = value });

    [Message("VM.set_ha_restart_priority")]
    public Task SetHaRestartPriorityAsync(CallContext call, Ref<VmRecord> self, string value) => value is "" or "best-effort" or "restart"
        ? SetAsync(call, self, "ha_restart_priority", v => v with { HaRestartPriority = value })
        : throw new XenApiException("INVALID_VALUE", "ha_restart_priority", value);

    [Message("VM.set_ha_always_run")]
    public Task SetHaAlwaysRunAsync(CallContext call, Ref<VmRecord> self, bool value) =>
        SetAsync(call, self, "ha_always_run", v => v with { HaAlwaysRun = value });

    [Message("VM.set_appliance")]
    public Task SetApplianceAsync(CallContext call, Ref<VmRecord> self, Ref<VmApplianceRecord> value) => pool.Database.WriteAsync(
        tx =>
        {
            if (tx.Get(self) is { IsControlDomain: true } or { IsATemplate: true } or { IsASnapshot: true })
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED", "Control domains, templates and snapshots cannot be assigned to appliances.");
            }

            if (!value.IsNull)
            {
                tx.Get(value);
            }

            VmRows.Update(tx, self, v => v with { Appliance = value });
        },
        call.Cancellation);

    [Message("VM.set_PV_kernel")]
    public Task SetPvKernelAsync(CallContext call, Ref<VmRecord> self, string value)
    {
        HostPlaces.RequireBootFile(pool.Roots, "PV_kernel", value);
        return SetBootAsync(call, self, v => v with { PvKernel = value });
    }

    [Message("VM.set_PV_ramdisk")]
    public Task SetPvRamdiskAsync(CallContext call, Ref<VmRecord> self, string value)
    {
        HostPlaces.RequireBootFile(pool.Roots, "PV_ramdisk", value);
        return SetBootAsync(call, self, v => v with { PvRamdisk = value });
    }

    [Message("VM.set_PV_bootloader")]
    public Task SetPvBootloaderAsync(CallContext call, Ref<VmRecord> self, string value)
    {
        HostPlaces.RequireBootloader(pool.Roots, value);
        return SetBootAsync(call, self, v => v with { PvBootloader = value });
    }

    [Message("VM.set_HVM_boot_policy")]
    public Task SetHvmBootPolicyAsync(CallContext call, Ref<VmRecord> self, string value) => SetBootAsync(call, self, v => v with
    {
        HvmBootPolicy = value,
        DomainType = value.Length > 0 ? DomainType.Hvm : v.DomainType == DomainType.Hvm ? DomainType.Pv : v.DomainType,
    });

    /// <summary>
    /// As in xapi the boot policy follows, which is what decides here: through the firmware, or from a kernel that the VM names.
    /// </summary>
    [Message("VM.set_domain_type")]
    public Task SetDomainTypeAsync(CallContext call, Ref<VmRecord> self, DomainType value) => value switch
    {
        DomainType.Hvm or DomainType.Pv =>
            SetBootAsync(
                call,
                self,
                v => v with
                {
                    DomainType = value,
                    HvmBootPolicy = value == DomainType.Pv ? "" : v.HvmBootPolicy is "" ? "BIOS order" : v.HvmBootPolicy,
                }),
        DomainType.PvInPvh or DomainType.Pvh => throw new XenApiException(
            "VALUE_NOT_SUPPORTED", "VM.domain_type", DomainTypeType.Instance.Encode(value),
            "This is not done here: a guest boots through its firmware (hvm) or from the kernel that it names (pv)."),
        DomainType.Unspecified or DomainType.Unrecognized =>
            throw new XenApiException("INVALID_VALUE", "domain_type", DomainTypeType.Instance.Encode(value)),
    };

    [Message("VM.set_actions_after_crash")]
    public Task SetActionsAfterCrashAsync(CallContext call, Ref<VmRecord> self, OnCrashBehaviour value) =>
        SetAsync(call, self, "actions_after_crash", v => v with { ActionsAfterCrash = value });

    [Message("VM.set_has_vendor_device")]
    public Task SetHasVendorDeviceAsync(CallContext call, Ref<VmRecord> self, bool value) =>
        SetAsync(call, self, "has_vendor_device", v =>
        {
            VmChecks.RequireState(self, v, VmPowerState.Halted);
            return v with { HasVendorDevice = value };
        });

    /// <summary>A host that the VM is started on if it can be.</summary>
    [Message("VM.set_affinity")]
    public Task SetAffinityAsync(CallContext call, Ref<VmRecord> self, Ref<HostRecord> value) => pool.Database.WriteAsync(
        tx =>
        {
            if (!value.IsNull)
            {
                tx.Get(value);
            }

            tx.Update(self, v => v with { Affinity = value });
        },
        call.Cancellation);

    [Message("VM.set_blocked_operations")]
    public Task SetBlockedOperationsAsync(CallContext call, Ref<VmRecord> self, ImmutableSortedDictionary<VmOperations, string> value) =>
        UpdateAsync(call, self, v => Blocking(call, v, value));

    [Message("VM.add_to_blocked_operations")]
    public Task AddToBlockedOperationsAsync(CallContext call, Ref<VmRecord> self, VmOperations key, string value) =>
        UpdateAsync(call, self, v => v.BlockedOperations.ContainsKey(key)
            ? throw new XenApiException("MAP_DUPLICATE_KEY", "VM", "blocked_operations", self.Opaque, VmOperationsType.Instance.Encode(key))
            : v with { BlockedOperations = v.BlockedOperations.Add(key, value) });

    [Message("VM.remove_from_blocked_operations")]
    public Task RemoveFromBlockedOperationsAsync(CallContext call, Ref<VmRecord> self, VmOperations key) =>
        UpdateAsync(call, self, v => Blocking(call, v, v.BlockedOperations.Remove(key)));

    // A block is anybody's who may set it, but not what keeps a VM from running at two places: the mark of a hand-over, nor a block of
    // somebody's own that stands where a mark would.
    private static VmRecord Blocking(CallContext call, VmRecord vm, ImmutableSortedDictionary<VmOperations, string> value)
    {
        if (call.Session.Role < Role.PoolOperator && HandOverMark.On(vm.BlockedOperations) is { } mark
            && vm.BlockedOperations.Any(
                b => (HandOverMark.Is(b.Value) || HandOverMark.Operations.Contains(b.Key)) && value.GetValueOrDefault(b.Key) != b.Value))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"Only a pool operator may let this VM start here again ({mark}).");
        }

        return vm with { BlockedOperations = value };
    }

    [Message("VM.set_is_default_template")]
    public Task SetIsDefaultTemplateAsync(CallContext call, Ref<VmRecord> self, bool value) =>
        SetAsync(call, self, v => v with { IsDefaultTemplate = value });

    [Message("VM.set_is_a_template")]
    public Task SetIsATemplateAsync(CallContext call, Ref<VmRecord> self, bool value) => UpdateAsync(call, self, v =>
    {
        AdoptedVm.RequireOwn(v, "making a template of it");
        if (value && !v.Appliance.IsNull)
        {
            throw new XenApiException("VM_IS_PART_OF_AN_APPLIANCE", self.Opaque, v.Appliance.Opaque);
        }

        if (value)
        {
            VmChecks.RequireState(self, v, VmPowerState.Halted);
        }

        return v with { IsATemplate = value };
    });

    /// <summary>For what decides which operations are allowed.</summary>
    private Task UpdateAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change) =>
        pool.Database.WriteAsync(tx => VmRows.Update(tx, self, change), call.Cancellation);

    private Task SetAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change) =>
        pool.Database.WriteAsync(tx => tx.Update(self, change), call.Cancellation);

    private Task SetBootAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change) => SetAsync(call, self, v =>
    {
        AdoptedVm.RequireOwn(v, "a change of what it boots from");
        return change(v);
    });

    /// <summary>For what nothing may go by.</summary>
    private Task SetAsync(CallContext call, Ref<VmRecord> self, string field, Func<VmRecord, VmRecord> change) => SetAsync(call, self, v =>
    {
        var changed = change(v);
        FieldEffects.Require(VmRecord.Declaration, VmRecord.Declaration.FindField(field)!, v, changed);
        return changed;
    });

    private Task SetOrderAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change) => SetAsync(call, self, v =>
    {
        var changed = change(v);
        VmChecks.RequireOrder(changed);
        return changed;
    });

    [Message("VM.set_NVRAM")]
    public Task SetNvramAsync(CallContext call, Ref<VmRecord> self, ImmutableSortedDictionary<string, string> value) =>
        SetNvramAsync(call, self, _ => value);

    [Message("VM.add_to_NVRAM")]
    public Task AddToNvramAsync(CallContext call, Ref<VmRecord> self, string key, string value) =>
        SetNvramAsync(call, self, n => n.ContainsKey(key)
            ? throw new XenApiException("MAP_DUPLICATE_KEY", "VM", "NVRAM", self.Opaque, key)
            : n.Add(key, value));

    [Message("VM.remove_from_NVRAM")]
    public Task RemoveFromNvramAsync(CallContext call, Ref<VmRecord> self, string key) => SetNvramAsync(call, self, n => n.Remove(key));

    /// <summary>Only of a halted VM: a running one's firmware keeps what it has, and says so at the end.</summary>
    private async Task SetNvramAsync(
        CallContext call, Ref<VmRecord> self, Func<ImmutableSortedDictionary<string, string>,
        ImmutableSortedDictionary<string, string>> change)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, self, VmOperations.ChangingNvram,
            v => VmChecks.Require(self, v, VmOperations.ChangingNvram, VmPowerState.Halted));
        await pool.Database.WriteAsync(tx => tx.Update(self, v => v with { Nvram = change(v.Nvram) }), CancellationToken.None);
    }

    private async Task SetVcpusAsync(CallContext call, Ref<VmRecord> self, Func<VmRecord, VmRecord> change)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, self, VmOperations.ChangingVcpus, v =>
        {
            VmChecks.Require(self, v, VmOperations.ChangingVcpus, VmPowerState.Halted);
            VmChecks.RequireSizes(change(v));
        });
        await pool.Database.WriteAsync(tx => tx.Update(self, change), CancellationToken.None);
    }
}
