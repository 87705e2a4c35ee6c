using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Copies of VMs for a test failover: the session of the call is on a foreign database, <c>session_to</c> on this pool.</summary>
internal sealed partial class TestVmCalls(PoolServices pool, MetadataTrust trust)
{
    [Message("VM.recover_for_test")]
    public async Task<Ref<VmRecord>> RecoverForTestAsync(
        CallContext call, Ref<VmRecord> self, Ref<SessionRecord> sessionTo, string label,
        ImmutableSortedDictionary<string, string> networks,
        ImmutableSortedDictionary<string, string> srs)
    {
        pool.RequireForeign(call, "VM.recover_for_test", sessionTo);
        TestMarks.RequireLabel(label);
        var isUnproven = trust.Require(call.Session).IsUnproven;
        var (made, notices) = await pool.Database.WriteAsync(
            tx =>
            {
                var import = new TestVmImport(tx, call.State, label, networks, srs, isUnproven, pool.Roots.Boot);
                return (import.Make(self), import.Notices);
            },
            call.Cancellation);
        foreach (var text in notices)
        {
            await pool.PostAsync(new Announcement.RecoveredWithChanges(pool.State.Get(made).Uuid, text, IsOfTest: true));
        }

        return made;
    }
}
