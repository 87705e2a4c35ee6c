using Microsoft.Extensions.Logging;

namespace Redoubt.Compute;

/// <summary>
/// A host's hypervisor as a daemon has it that must run whether there is one or not: it is opened, and opened again when it is lost, for as
/// long as that takes.
/// <code>
/// Connecting   it is opened: Up          it can't be, or not in time: Lost
/// Up           the connection breaks: Lost
/// Lost         tried again after a pause, or the attempt that hung comes to its end: Up, or still Lost
/// </code>
/// </summary>
public sealed class HypervisorLink : IAsyncDisposable
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly string _subject;
    private readonly Func<CancellationToken, Task<IHypervisor>> _open;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task _keeping = Task.CompletedTask;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile LinkState _state = new LinkState.Connecting();

    private HypervisorLink(
        string subject, Func<CancellationToken, Task<IHypervisor>> open, TimeSpan pause, TimeProvider time, ILogger log)
    {
        (_subject, _open, _pause, _time, _log) = (subject, open, pause, time, log);
        First = _changed.Task;
        _keeping = KeepAsync(_stopping.Token);
    }

    /// <summary>How it stands.</summary>
    public LinkState State => _state;

    /// <summary>The hypervisor; <see langword="null"/>: it can't be used now, and <see cref="State"/> says why.</summary>
    public IHypervisor? Current => (_state as LinkState.Up)?.Hypervisor;

    /// <summary>Ends when it is there, or when it is known that it is not.</summary>
    public Task First { get; }

    /// <summary>Takes up the hypervisor. Returns when it is there, or when it is known that it is not.</summary>
    /// <exception cref="HypervisorException">The URI can't lead to a hypervisor, whatever happens.</exception>
    public static async Task<HypervisorLink> OpenAsync(HypervisorOptions options, CancellationToken cancellationToken)
    {
        var link = Begin(options);
        await link.First.WaitAsync(cancellationToken);
        return link;
    }

    /// <summary>Begins to take up the hypervisor of this machine, and waits for nothing.</summary>
    /// <exception cref="HypervisorException">The URI can't lead to a hypervisor, whatever happens.</exception>
    public static HypervisorLink Begin(HypervisorOptions options)
    {
        HypervisorUri.Parse(options.Uri);
        return new HypervisorLink(options.Uri, stopping => OpenOwnAsync(options, stopping), RetryAfter, options.Time, options.Log);
    }

    /// <summary>Begins to take up another machine's, and waits for nothing.</summary>
    /// <param name="subject">What it is called.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="pause">After how long it is tried again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told when it is lost, and when it is back.</param>
    public static HypervisorLink Begin(
        string subject, Func<CancellationToken, Task<IHypervisor>> open, TimeSpan pause, TimeProvider time, ILogger log) =>
        new(subject, open, pause, time, log);

    /// <summary>Waits until there is a hypervisor, and another one than that which was lost.</summary>
    public async Task<IHypervisor> WaitAsync(IHypervisor? lost, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
                changed = _changed.Task;
            if (Current is { } hypervisor && hypervisor != lost)
                return hypervisor;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Lets the hypervisor go, and the guests run on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _keeping;
        if (Current is { } hypervisor)
            await hypervisor.DisposeAsync();
        _stopping.Dispose();
    }

    internal static HypervisorException Unreachable(string uri, string why, Exception? cause) => new(
        HypervisorFailure.ConnectionFailed,
        uri,
        $"The hypervisor {uri} can't be used: {why}.",
        "The guests are not affected. It is tried again until it works; the log of the daemon and libvirt's own (log/libvirt.log below "
            + "its root) may say more.",
        cause);

    private async Task KeepAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                try
                {
                    var hypervisor = await OpenWithinLimitAsync(stopping);
                    Set(new LinkState.Up(hypervisor));
                    var lost = await hypervisor.Lost.WaitAsync(stopping);
                    Set(Lost(lost));
                    await hypervisor.DisposeAsync();
                }
                catch (Exception refused) when (refused is not OperationCanceledException)
                {
                    Set(Lost(refused as HypervisorException ?? Unreachable(_subject, refused.Message, refused)));
                    await Task.Delay(_pause, _time, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The daemon stops; the guests go on.
        }
    }

    private static async Task<IHypervisor> OpenOwnAsync(HypervisorOptions options, CancellationToken stopping)
    {
        if (options.TrialCommand is { } command && HypervisorUri.Parse(options.Uri) is { Kind: HypervisorKind.Embedded, Root: { } root }
            && !HypervisorOpener.HasStarted(root))
            await HypervisorTrial.RunAsync(command, options.Uri, OpenLimit, options.Time, stopping);
        return await Hypervisor.OpenAsync(options, stopping);
    }

    private async Task<IHypervisor> OpenWithinLimitAsync(CancellationToken stopping)
    {
        // Of a trial as well: it has the same limit.
        var opening = Task.Run(() => _open(stopping), CancellationToken.None);
        try
        {
            return await opening.WaitAsync(OpenLimit, _time, stopping);
        }
        catch (TimeoutException slow)
        {
            // It can't be broken off, and a second attempt beside it would hang as well.
            Set(Lost(Unreachable(_subject, $"it has not answered within {OpenLimit.TotalSeconds:0} s", slow)));
            return await opening.WaitAsync(stopping);
        }
    }

    // The same loss goes on since it began, whatever is found out about it.
    private LinkState.Lost Lost(HypervisorException why) =>
        new(_state is LinkState.Lost { Since: var since } ? since : _time.GetUtcNow(), why);

    private void Set(LinkState state)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            // The same loss is told once.
            if (state is LinkState.Lost { Why: var why } && (_state as LinkState.Lost)?.Why.Problem != why.Problem)
                _log.LogError("{Problem} {Advice}", why.Problem, why.Advice);
            else if (state is LinkState.Up && _state is LinkState.Lost)
                _log.LogInformation("The hypervisor {Uri} can be used", _subject);
            _state = state;
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
