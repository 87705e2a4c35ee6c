using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

// What guests' agents are asked.
public sealed partial class Hypervisor
{
    /// <summary>For one answer. Windows itself gives up after ten seconds.</summary>
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(10);

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

    /// <summary>
    /// Has a guest go on that a process has left which died while the guest's agent held its file systems still. Whether that is so only
    /// the agent knows; one that does not answer is given up.
    /// </summary>
    /// <exception cref="HypervisorException">The hypervisor can't be asked.</exception>
    public Task ThawAsync(Guid uuid, CancellationToken cancellationToken) => CallAsync(
        uuid.ToString("D"),
        c => _uri.Kind != HypervisorKind.Test
            && AskAgent(c, uuid, "guest-fsfreeze-status", QuietLimit) is { } said && AgentAnswers.IsFrozen(said)
            && AskAgent(c, uuid, "guest-fsfreeze-thaw", QuietLimit) is not null,
        cancellationToken,
        (2 * QuietLimit) + AnswerLimit);

    // Whatever the agent has said to the first question, it may have done it, so it is always asked to undo it.
    private static void WhileQuiet(LibvirtConnection connection, Guid uuid, Action act)
    {
        HypervisorException NotQuiet(string problem) => new(
            HypervisorFailure.NotQuiet, uuid.ToString("D"), problem,
            "See to its agent (qemu-guest-agent), or take a snapshot without quiescing.");
        if (AskAgent(connection, uuid, "guest-ping", QuietLimit) is null)
            throw NotQuiet($"The agent in the guest of VM {uuid:D} does not answer, or there is none.");
        string? thawed;
        try
        {
            var frozen = AskAgent(connection, uuid, "guest-fsfreeze-freeze", QuietLimit);
            if (frozen is null or "")
                throw NotQuiet(
                    frozen is null
                        ? $"The guest of VM {uuid:D} has not held its file systems still within {QuietLimit.TotalSeconds:0} seconds."
                        : $"The agent in the guest of VM {uuid:D} can't hold its file systems still.");
            act();
        }
        finally
        {
            // Twice: an agent that was asked too much at once has answers to the first left over.
            thawed = AskAgent(connection, uuid, "guest-fsfreeze-thaw", QuietLimit)
                ?? AskAgent(connection, uuid, "guest-fsfreeze-thaw", QuietLimit);
        }

        if (thawed is null or "")
            throw NotQuiet($"The agent in the guest of VM {uuid:D} does not say that its file systems go on.");
    }

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
