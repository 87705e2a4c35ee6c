using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

// What guests' agents are asked.
public sealed partial class Hypervisor
{
    /// <summary>Whether the guest's agent has its channel open. It says nothing of whether the agent still answers.</summary>
    public Task<bool> IsAgentConnectedAsync(Guid uuid, CancellationToken cancellationToken) =>
        CallAsync(uuid.ToString("D"), c => c.IsAgentConnected(uuid), cancellationToken);

    /// <summary>Whether the guest's agent answers within a limit (whole seconds, at least one).</summary>
    public Task<bool> PingAgentAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken) => CallAsync(
        uuid.ToString("D"), c => AskAgent(c, uuid, "guest-ping", limit) is not null, cancellationToken, limit + AnswerLimit);

    /// <summary>
    /// What the guest says of itself; <see langword="null"/>: it has no agent, or one that does not answer. An agent that refuses a
    /// question says nothing of that.
    /// </summary>
    /// <param name="uuid">The VM.</param>
    /// <param name="limit">How long each of three answers may take: whole seconds, at least one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<GuestReport?> ReadReportAsync(Guid uuid, TimeSpan limit, CancellationToken cancellationToken) => CallAsync(
        uuid.ToString("D"),
        c => _uri.Kind != HypervisorKind.Test
            && AskAgent(c, uuid, "guest-info", limit) is { } about
            && AskAgent(c, uuid, "guest-get-osinfo", limit) is { } system
            && AskAgent(c, uuid, "guest-network-get-interfaces", limit) is { } interfaces
                ? AgentAnswers.Read(about, system, interfaces)
                : null,
        cancellationToken,
        (3 * limit) + AnswerLimit);

    // Null: it is not connected, does not answer in time or not to an end (libvirt takes 10 MB), or the VM has no channel for one. Empty:
    // it refuses.
    private static string? AskAgent(LibvirtConnection connection, Guid uuid, string command, TimeSpan limit)
    {
        try
        {
            return connection.AgentCommand(uuid, $$"""{"execute":"{{command}}"}""", Math.Max(1, (int)limit.TotalSeconds));
        }
        catch (LibvirtException silent) when (silent.Error is LibvirtError.AgentUnresponsive or LibvirtError.AgentUnsynced
            or LibvirtError.AgentCommandTimeout or LibvirtError.ArgumentUnsupported or LibvirtError.SystemError)
        {
            return null;
        }
        catch (LibvirtException refused) when (refused.Error is LibvirtError.Internal or LibvirtError.AgentCommandFailed)
        {
            return "";
        }
    }
}
