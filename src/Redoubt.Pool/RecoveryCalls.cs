using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Recovering VMs and vApps from a foreign database: the session of the call is on that database, <c>session_to</c> on this pool.</summary>
internal sealed class RecoveryCalls(PoolServices pool, Recoverer recoverer)
{
    [Message("VM.assert_can_be_recovered")]
    public void AssertVm(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo) =>
        RecoveryRequirements.Assert(call.State, Target(sessionTo), self);

    [Message("VM.get_SRs_required_for_recovery")]
    public ImmutableList<Ref<SrRecord>> RequiredByVm(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo) =>
        [.. RecoveryRequirements.Missing(call.State, Target(sessionTo), call.State.Get(self)).Select(m => m.Foreign)];

    [Message("VM.recover")]
    public async Task RecoverVmAsync(CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo, bool force)
    {
        var vm = call.State.Get(self);
        if (call.State.Find(vm.Appliance) is not null)
        {
            throw new XenApiException("VM_IS_PART_OF_AN_APPLIANCE", self.Opaque, vm.Appliance.Opaque);
        }

        await RecoverAsync(call, "VM.recover", null, [self], sessionTo, force);
    }

    [Message("VM_appliance.assert_can_be_recovered")]
    public void AssertAppliance(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo)
    {
        foreach (var vm in call.State.Get(self).Vms)
        {
            RecoveryRequirements.Assert(call.State, Target(sessionTo), vm);
        }
    }

    [Message("VM_appliance.get_SRs_required_for_recovery")]
    public ImmutableList<Ref<SrRecord>> RequiredByAppliance(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo)
    {
        var local = Target(sessionTo);
        return [.. call.State.Get(self).Vms.SelectMany(vm => RecoveryRequirements.Missing(call.State, local, call.State.Get(vm)).Select(m => m.Foreign)).Distinct()];
    }

    [Message("VM_appliance.recover")]
    public Task RecoverApplianceAsync(CallContext call, Ref<VmApplianceRecord> self, Ref<SessionRecord> sessionTo, bool force) =>
        RecoverAsync(call, "VM_appliance.recover", self, [.. call.State.Get(self).Vms], sessionTo, force);

    private async Task RecoverAsync(
        CallContext call, string message, Ref<VmApplianceRecord>? appliance, IReadOnlyList<Ref<VmRecord>> vms, Ref<SessionRecord> sessionTo, bool force)
    {
        RequirePoolOperator(message, sessionTo);
        if (call.Session.Foreign is null)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"{message} takes a session on a foreign database (VDI.open_database); this one is on the pool itself.");
        }

        await recoverer.RunAsync(call.State, vms, appliance, new RecoveryOptions { Force = force }, call.Cancellation);
    }

    private DatabaseState Target(Ref<SessionRecord> sessionTo)
    {
        pool.Sessions.Get(sessionTo, sessionTo.Opaque);
        return pool.State;
    }

    private void RequirePoolOperator(string message, Ref<SessionRecord> sessionTo)
    {
        var session = pool.Sessions.Get(sessionTo, sessionTo.Opaque);
        if (session.Role < Role.PoolOperator || session.Foreign is not null)
        {
            throw new XenApiException(
                "RBAC_PERMISSION_DENIED", message, "No permission in the session recovered to. (Roles with this permission: pool-admin, pool-operator)");
        }
    }
}
