using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Asks the agents of a host's guests now and then what they say of themselves, and keeps <see cref="GuestMetrics"/> true to it. A guest
/// whose agent takes its time holds up nobody: few are asked at once, and each is left alone for twenty times as long as it took.
/// </summary>
internal sealed class GuestReports(PoolServices pool, HostLink link) : IAsyncDisposable
{
    private const int Rest = 20;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>For one answer. An agent answers in milliseconds; one of a machine that is busy may take a second.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, Asked> _asked = new();
    private Worker? _worker;

    /// <summary>Begins.</summary>
    public void Start() =>
        _worker = new(
            "The look at what the guests say", Period, pool.Time, pool.Loggers.CreateLogger<GuestReports>(), isFirstAtOnce: true,
            LookAsync);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (link.Current is not { } hypervisor)
        {
            return;
        }

        var running = Running();
        foreach (var gone in _asked.Keys.Where(uuid => !running.Contains(uuid)))
        {
            _asked.TryRemove(gone, out _);
        }

        await Parallel.ForEachAsync(
            running.Where(IsDue),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Math.Max(1, hypervisor.OpenQuestionLimit / 2),
                CancellationToken = cancellationToken,
            },
            async (uuid, token) => await AskAsync(hypervisor, uuid, token));
    }

    private bool IsDue(Guid uuid) =>
        !_asked.TryGetValue(uuid, out var asked) || pool.Time.GetElapsedTime(asked.Ended) >= asked.Took * Rest;

    private async Task AskAsync(IHypervisor hypervisor, Guid uuid, CancellationToken cancellationToken)
    {
        var begun = pool.Time.GetTimestamp();
        GuestReport? report;
        try
        {
            report = await hypervisor.ReadReportAsync(uuid, Limit, cancellationToken);
        }
        catch (HypervisorException)
        {
            // It has ended, or hangs, or the connection is gone: whoever looks after these says so.
            report = null;
        }

        var ended = pool.Time.GetTimestamp();
        _asked[uuid] = new(ended, pool.Time.GetElapsedTime(begun, ended));
        var vm = pool.State.FindByUuid<VmRecord>($"{uuid:D}");
        if (pool.State.Find(vm) is { } record && GuestMetrics.Differs(pool.State, record, report))
        {
            await pool.Database.WriteAsync(
                tx => GuestMetrics.Apply(tx, vm, link.Host, report, pool.Time.GetUtcNow()), cancellationToken);
        }
    }

    // What is being done with a guest may keep its agent from answering.
    private HashSet<Guid> Running() => [.. pool.State.All<VmRecord>().Select(v => v.Record)
        .Where(v => v is { PowerState: VmPowerState.Running, IsControlDomain: false, CurrentOperations.IsEmpty: true }
            && v.ResidentOn == link.Host && link.Drives(v) && !link.Silence.Vms.Contains(v.Uuid))
        .Select(VmRows.Uuid)];

    private sealed record Asked(long Ended, TimeSpan Took);
}
