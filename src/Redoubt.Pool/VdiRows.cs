using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Who uses a disk.</summary>
internal static class VdiRows
{
    /// <summary>Checks that no running VM has the disk open.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>.</exception>
    public static void RequireUnused(DatabaseState state, Ref<VdiRecord> vdi, string operation)
    {
        if (state.Get(vdi).Vbds.Select(state.Find).Any(b => b is { CurrentlyAttached: true }))
        {
            throw new XenApiException("VDI_IN_USE", vdi.Opaque, operation);
        }
    }
}
