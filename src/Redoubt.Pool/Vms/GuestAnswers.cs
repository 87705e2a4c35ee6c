using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Asks the QEMU of each guest of a host now and then whether it still answers, for one that hangs or is stopped sends no event that
/// would tell. A guest that does not answer holds up neither the others nor anybody else: what it was asked stays open, and it is not
/// asked again until that is answered. What is found is in <see cref="HostLink.Silence"/>.
/// </summary>
internal sealed class GuestAnswers(PoolServices pool, HostLink link) : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    /// <summary>A guest that answers does so in milliseconds.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>What is told to people must not be a machine that is busy for a moment.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Dictionary<Guid, Question> _unanswered = [];
    private IHypervisor? _hypervisor;
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(
            "The look at whether the guests answer", Period, pool.Time, pool.Loggers.CreateLogger<GuestAnswers>(),
            isFirstAtOnce: true, LookAsync);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var hypervisor = link.Current;
        if (hypervisor is null || hypervisor != _hypervisor)
        {
            _unanswered.Clear();
            foreach (var uuid in hypervisor?.Silent ?? [])
            {
                _unanswered[uuid] = new(Task.CompletedTask, null); // It was asked as the hypervisor was opened.
            }
        }

        _hypervisor = hypervisor;
        var unasked = hypervisor is null ? 0 : await AskAsync(hypervisor, cancellationToken);
        await TellAsync(unasked);
    }

    /// <returns>How many could not be asked.</returns>
    private async Task<int> AskAsync(IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        var (running, unasked) = (Running(), 0);
        foreach (var gone in _unanswered.Keys.Where(uuid => !running.ContainsKey(uuid)).ToList())
        {
            _unanswered.Remove(gone);
        }

        // What is being done with a guest has limits of its own, and some of it keeps libvirt from asking the guest anything else.
        foreach (var uuid in running.Where(v => v.Value.CurrentOperations.IsEmpty).Select(v => v.Key))
        {
            var isKnown = _unanswered.TryGetValue(uuid, out var question);
            if (isKnown && !question!.Answer.IsCompleted)
            {
                continue;
            }

            if (_unanswered.Values.Count(q => !q.Answer.IsCompleted) >= hypervisor.OpenQuestionLimit)
            {
                unasked++;
                continue;
            }

            var asked = pool.Time.GetTimestamp();
            var answer = hypervisor.AwaitAnswerAsync(uuid, cancellationToken);
            await answer.WaitAsync(Wait, pool.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (answer.IsCompletedSuccessfully)
            {
                _unanswered.Remove(uuid);
            }
            else
            {
                _unanswered[uuid] = new(answer, isKnown ? question!.Since : asked);
            }
        }

        return unasked;
    }

    private async Task TellAsync(int unasked)
    {
        var (running, before) = (Running(), link.Silence);
        var silent = _unanswered.Where(q => running.GetValueOrDefault(q.Key) is { } vm
                && (before.Vms.Contains(vm.Uuid)
                    || (vm.CurrentOperations.IsEmpty && (q.Value.Since is not { } since || pool.Time.GetElapsedTime(since) >= Limit))))
            .Select(q => running[q.Key].Uuid).ToImmutableSortedSet(StringComparer.Ordinal);
        link.Silence = new(silent, unasked);
        foreach (var uuid in silent.Except(before.Vms))
        {
            await pool.PostAsync(new Announcement.GuestSilent(uuid));
        }

        foreach (var uuid in before.Vms.Where(uuid => !silent.Contains(uuid) && running.Values.Any(v => v.Uuid == uuid)))
        {
            await pool.PostAsync(new Announcement.GuestAnswers(uuid));
        }
    }

    private Dictionary<Guid, VmRecord> Running() => pool.State.All<VmRecord>()
        .Where(v => v.Record is { PowerState: VmPowerState.Running or VmPowerState.Paused, IsControlDomain: false }
            && v.Record.ResidentOn == link.Host)
        .ToDictionary(v => VmRows.Uuid(v.Record), v => v.Record);

    /// <param name="Answer">Ends when the guest has answered.</param>
    /// <param name="Since">When it was first asked without an answer; null: before this daemon was up.</param>
    private sealed record Question(Task Answer, long? Since);
}
