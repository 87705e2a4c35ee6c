using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What of the storage a VM of a foreign database needs before it can be recovered. Pure.</summary>
internal static class RecoveryRequirements
{
    /// <summary>The VM's disks, CDs and ISO libraries excluded.</summary>
    public static IEnumerable<VdiRecord> Disks(DatabaseState foreign, VmRecord vm) => vm.Vbds.Select(foreign.Find).OfType<VbdRecord>()
        .Where(b => b.Type != VbdType.Cd && !b.Vdi.IsNull)
        .Select(b => foreign.Find(b.Vdi)).OfType<VdiRecord>()
        .Where(d => foreign.Find(d.Sr) is { ContentType: not "iso" });

    /// <summary>The SRs of those disks whose place no other disk takes.</summary>
    public static IEnumerable<Ref<SrRecord>> Required(DatabaseState foreign, VmRecord vm, RecoveryOptions? options = null) =>
        Disks(foreign, vm).Where(d => options?.DiskFor(d) is null).Select(d => d.Sr).Distinct();

    /// <summary>Those required SRs that are unknown or attached nowhere here, each as the reference that the error names.</summary>
    public static IEnumerable<(Ref<SrRecord> Foreign, string Named)> Missing(
        DatabaseState foreign, DatabaseState local, VmRecord vm, RecoveryOptions? options = null)
    {
        foreach (var required in Required(foreign, vm, options))
        {
            var here = local.FindByUuid<SrRecord>(foreign.Get(required).Uuid);
            if (here.IsNull)
            {
                yield return (required, required.Opaque);
            }
            else if (!local.Get(here).Pbds.Any(p => local.Find(p) is { CurrentlyAttached: true }))
            {
                yield return (required, here.Opaque);
            }
        }
    }

    /// <summary>Checks that nothing is missing.</summary>
    /// <exception cref="XenApiException"><c>VM_REQUIRES_SR</c>.</exception>
    public static void Assert(DatabaseState foreign, DatabaseState local, Ref<VmRecord> reference, RecoveryOptions? options = null)
    {
        foreach (var (_, named) in Missing(foreign, local, foreign.Get(reference), options))
        {
            throw new XenApiException("VM_REQUIRES_SR", reference.Opaque, named);
        }
    }
}
