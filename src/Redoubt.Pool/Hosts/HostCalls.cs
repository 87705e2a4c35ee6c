using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What can be asked of this host.</summary>
internal sealed class HostCalls(PoolServices pool)
{
    [Message("host.get_servertime")]
    public DateTimeOffset GetServertime(CallContext call, Ref<HostRecord> host)
    {
        RequireHere(host);
        return pool.Time.GetUtcNow();
    }

    [Message("host.get_server_localtime")]
    public DateTimeOffset GetServerLocaltime(CallContext call, Ref<HostRecord> host)
    {
        RequireHere(host);
        return pool.Time.GetLocalNow();
    }

    [Message("host.compute_free_memory")]
    public async Task<long> ComputeFreeMemoryAsync(CallContext call, Ref<HostRecord> host)
    {
        pool.State.Get(host);
        return (await pool.Hosts.Get(host).Hypervisor.GetMemoryAsync(call.Cancellation)).AvailableBytes;
    }

    /// <summary>Always refused, by xapi too; <c>system.listMethods</c> is what works.</summary>
    [Message("host.list_methods")]
    public static ImmutableList<string> ListMethods(CallContext call) => throw new XenApiException("NOT_IMPLEMENTED", "list_method");

    /// <summary>What keeps VMs from being booted from a file here, in a sentence; empty if nothing does. Of what lies elsewhere than files for guests may lie it says nothing but that.</summary>
    [Message("host.get_boot_file_trouble")]
    public string GetBootFileTrouble(CallContext call, Ref<HostRecord> host, string path)
    {
        RequireHere(host);
        try
        {
            pool.Roots.OpenBootFile(path).Handle.Dispose();
            return "";
        }
        catch (IOException wrong)
        {
            return wrong.Message;
        }
    }

    // What is answered from this machine can be said of no other host.
    private void RequireHere(Ref<HostRecord> host)
    {
        pool.State.Get(host);
        if (host != pool.Hosts.Local.Host)
        {
            throw new XenApiException("HOST_OFFLINE", host.Opaque);
        }
    }
}
