using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Recovering VMs and vApps from a foreign database: the session of the call is on that database, <c>session_to</c> on this pool.
/// </summary>
internal sealed partial class RecoveryCalls(PoolServices pool, Recoverer recoverer, MetadataTrust trust)
{
    [Message("VM.assert_can_be_recovered")]
    public void AssertVm(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo) =>
        RecoveryRequirements.Assert(call.State, Target(sessionTo), self);

    [Message("VM.get_SRs_required_for_recovery")]
    public ImmutableList<Ref<SrRecord>> RequiredByVm(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo) =>
        [.. RecoveryRequirements.Missing(call.State, Target(sessionTo), call.State.Get(self)).Select(m => m.Foreign)];

    [Message("VM.recover")]
    public Task RecoverVmAsync(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo, bool force) =>
        RecoverVmAsync(call, "VM.recover", self, sessionTo, options => options with { Force = force });

    [Message("VM.recover_mapped")]
    public Task<Ref<VmRecord>> RecoverVmMappedAsync(
        CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo, bool force,
        ImmutableSortedDictionary<string, string> networks, ImmutableSortedDictionary<string, string> disks) =>
        RecoverVmAsync(
            call, "VM.recover_mapped", self, sessionTo, options => options with { Force = force, Networks = networks, Disks = disks });

    [Message("VM.release_recovery_hold")]
    public Task ReleaseHoldAsync(CallContext call, Ref<VmRecord> self) =>
        pool.Database.WriteAsync(tx => tx.Update(self, RecoveryHold.Release), call.Cancellation);

    private async Task<Ref<VmRecord>> RecoverVmAsync(
        CallContext call, string message, Ref<VmRecord> self, Ref<SessionRecord> sessionTo, Func<RecoveryOptions, RecoveryOptions> how)
    {
        var vm = call.State.Get(self);
        if (call.State.Find(vm.Appliance) is { } appliance && !ForeignRows.IsUnusable(call.State, appliance))
        {
            throw new XenApiException("VM_IS_PART_OF_AN_APPLIANCE", self.Opaque, vm.Appliance.Opaque);
        }

        return (await RecoverAsync(call, message, null, [self], sessionTo, how)).Vms[0];
    }

    [Message("VM_appliance.assert_can_be_recovered")]
    public void AssertAppliance(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo)
    {
        foreach (var vm in Usable(call, self))
        {
            RecoveryRequirements.Assert(call.State, Target(sessionTo), vm);
        }
    }

    [Message("VM_appliance.get_SRs_required_for_recovery")]
    public ImmutableList<Ref<SrRecord>> RequiredByAppliance(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo)
    {
        var local = Target(sessionTo);
        return [.. Usable(call, self).SelectMany(vm => RecoveryRequirements.Missing(call.State, local, call.State.Get(vm)).Select(m => m.Foreign)).Distinct()];
    }

    [Message("VM_appliance.recover")]
    public Task RecoverApplianceAsync(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo, bool force) =>
        RecoverApplianceAsync(call, "VM_appliance.recover", self, sessionTo, options => options with { Force = force });

    [Message("VM_appliance.recover_mapped")]
    public async Task<Ref<VmApplianceRecord>> RecoverApplianceMappedAsync(
        CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo, bool force,
        ImmutableSortedDictionary<string, string> networks, ImmutableSortedDictionary<string, string> disks)
    {
        var recovered = await RecoverApplianceAsync(
            call, "VM_appliance.recover_mapped", self, sessionTo,
            options => options with { Force = force, Networks = networks, Disks = disks });
        return recovered.Appliance;
    }

    // One damaged row costs the VM that it belongs to: the vApp comes back without it, and people are told.
    private async Task<RecoveryOutcome> RecoverApplianceAsync(
        CallContext call, string message, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo,
        Func<RecoveryOptions, RecoveryOptions> how)
    {
        var theirs = call.State.Get(self);
        var recovered = await RecoverAsync(call, message, self, Usable(call, self), sessionTo, how);
        foreach (var vm in theirs.Vms.Select(call.State.Get))
        {
            if (ForeignRows.WhyUnusable(call.State, vm) is { } why)
            {
                await Recoverer.AfterwardsAsync(
                    pool.Loggers, $"VM {BriefText.Of(vm.NameLabel)} was left out of its vApp: {why}",
                    () => pool.PostAsync(
                        new Announcement.NotRecovered(pool.PoolUuid, BriefText.Of(theirs.NameLabel), BriefText.Of(vm.NameLabel), why)));
            }
        }

        return recovered;
    }

    private static List<Ref<VmRecord>> Usable(CallContext call, Ref<VmApplianceRecord> appliance) =>
        [.. call.State.Get(appliance).Vms.Where(v => ForeignRows.WhyUnusable(call.State, call.State.Get(v)) is null)];

    private Task<RecoveryOutcome> RecoverAsync(
        CallContext call, string message, Ref<VmApplianceRecord>? appliance, IReadOnlyList<Ref<VmRecord>> vms, Ref<SessionRecord> sessionTo,
        Func<RecoveryOptions, RecoveryOptions> how)
    {
        pool.RequireForeign(call, message, sessionTo);
        var options = how(trust.Require(call.Session));
        RequireCopies(options.Disks);
        foreach (var vm in vms.Select(call.State.Get))
        {
            if (ForeignRows.WhyUnusable(call.State, vm) is { } why)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED", $"{BriefText.Of(vm.NameLabel)} can't be recovered from this database: {why}.");
            }
        }

        // The last thing that can refuse: what somebody approved of is used up by it.
        var names = BriefText.Names("VMs", [.. vms.Select(v => BriefText.Of(call.State.Get(v).NameLabel))]);
        var uuids = string.Join(' ', vms.Select(v => call.State.Get(v).Uuid).Order(StringComparer.Ordinal));
        pool.Guard(
            GuardedAct.Failover, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(uuids))),
            $"recover {names} by hand ({message})", pool.Sessions.Get(sessionTo, sessionTo.Opaque));
        return recoverer.RunAsync(call.State, vms, appliance, options, call.Cancellation);
    }

    // What a recovered VM runs on is what was made for it, and no disk that somebody else has.
    private void RequireCopies(ImmutableSortedDictionary<string, string> disks)
    {
        foreach (var (theirs, ours) in disks)
        {
            var copy = pool.State.Find(pool.State.FindByUuid<VdiRecord>(ours)) ?? throw new XenApiException("UUID_INVALID", "VDI", ours);
            if (copy.OtherConfig.GetValueOrDefault(Marks.CopyOf) != theirs)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED", $"The disk {BriefText.Of(copy.NameLabel)} ({ours}) is not marked as a copy of {theirs} "
                        + $"(other_config:{Marks.CopyOf}), and can't take its place.");
            }
        }
    }

    private DatabaseState Target(Ref<SessionRecord> sessionTo)
    {
        pool.Sessions.Get(sessionTo, sessionTo.Opaque);
        return pool.State;
    }
}
