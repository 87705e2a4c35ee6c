using Redoubt.Database;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Console.Plans;

/// <summary>
/// Checks a request while somebody changes it, one check at a time, the last wish counting. What a plan is made from is read when the
/// request looks elsewhere, or when it is asked for; any other change is planned from what was read. So no change of the pool starts a
/// check: reading another pool's database is such a change itself, and the page would feed itself for ever.
/// All members are called by the page, on its own thread.
/// </summary>
public sealed class PlanCheck(
    Func<RecoveryRequest, CancellationToken, Task<Inventory>> read, Func<DatabaseState> state, TimeProvider time,
    Action changed) : IDisposable
{
    // Somebody who types goes on typing.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _gone = new();
    private RecoveryRequest? _wanted;
    private RecoveryRequest? _read;

    /// <summary>Whether a check is under way.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>What was read; null for nothing.</summary>
    public Inventory? Facts { get; private set; }

    /// <summary>The plan as of the last check; null if none could be made.</summary>
    public RecoveryPlan? Plan { get; private set; }

    /// <summary>Why none could be made; null if one could.</summary>
    public string? Failure { get; private set; }

    /// <summary>Checks a request soon.</summary>
    /// <param name="wanted">The request.</param>
    /// <param name="isAnew">Whether everything is read again.</param>
    public async Task AskAsync(RecoveryRequest wanted, bool isAnew = false)
    {
        (_wanted, _read) = (wanted, isAnew ? null : _read);
        if (IsBusy || _gone.IsCancellationRequested)
        {
            return;
        }

        var gone = _gone.Token;
        IsBusy = true;
        changed();
        try
        {
            RecoveryRequest asked;
            do
            {
                asked = await SettledAsync(gone);
                await CheckAsync(asked, gone);
            }
            while (!ReferenceEquals(asked, _wanted) || (_read is null && Failure is null));
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Whoever asked has left.
        }
        finally
        {
            IsBusy = false;
        }

        if (!gone.IsCancellationRequested)
        {
            changed();
        }
    }

    /// <summary>Stops whatever is under way.</summary>
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    private async Task<RecoveryRequest> SettledAsync(CancellationToken gone)
    {
        RecoveryRequest? before;
        do
        {
            before = _wanted;
            await Task.Delay(Pause, time, gone);
        }
        while (!ReferenceEquals(before, _wanted));
        return before!;
    }

    private async Task CheckAsync(RecoveryRequest asked, CancellationToken gone)
    {
        try
        {
            if (Facts is null || _read is null || !_read.LooksWhere(asked))
            {
                _read = asked;
                Facts = await read(asked, gone);
            }

            var facts = Facts;
            (Plan, Failure) = (await Task.Run(() => Planner.Plan(asked.Policy, facts), gone), null);
        }
        catch (Exception trouble) when (trouble is XenApiException or XenApiTransportException or FormatException)
        {
            (Plan, _read) = (null, null);
            Failure = trouble is XenApiException refusal ? Refusals.Sentence(refusal, state()) : trouble.Message;
        }
    }
}
