using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Plug-ins and extensions, which are programs in a XenServer host's directories. None are kept here: nobody runs a program of the host's
/// by naming it.
/// </summary>
internal sealed partial class ExtensionCalls(PoolServices pool)
{
    // The one plug-in that only answers, by which clients find out whether calls of plug-ins come through.
    private const string Echo = "echo";

    [Message("host.call_plugin")]
    public string CallPlugin(
        CallContext call, Ref<HostRecord> host, string plugin, string fn, ImmutableSortedDictionary<string, string> args)
    {
        pool.State.Get(host);
        return plugin != Echo ? throw new XenApiException("XENAPI_MISSING_PLUGIN", plugin)
            : fn != "main" ? throw new XenApiException("XENAPI_PLUGIN_FAILURE", "", "UNKNOWN_FUNCTION", fn)
            : $"args were: {{{string.Join(", ", args.Select(a => $"'{Quoted(a.Key)}': '{Quoted(a.Value)}'"))}}}";
    }

    [Message("VM.call_plugin")]
    public string CallPlugin(CallContext call, Ref<VmRecord> vm, string plugin, string fn, ImmutableSortedDictionary<string, string> args)
    {
        pool.State.Get(vm);
        throw new XenApiException("XENAPI_MISSING_PLUGIN", plugin);
    }

    [Message("host.has_extension")]
    public bool HasExtension(CallContext call, Ref<HostRecord> host, string name) => pool.State.Get(host) is null;

    [Message("pool.has_extension")]
    public bool HasExtension(CallContext call, Ref<PoolRecord> self, string name) => pool.State.Get(self) is null;

    [Message("host.call_extension")]
    public string CallExtension(CallContext call, Ref<HostRecord> host, string extension)
    {
        pool.State.Get(host);
        throw new XenApiException("MESSAGE_METHOD_UNKNOWN", extension);
    }

    private static string Quoted(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
