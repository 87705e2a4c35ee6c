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

    private readonly HypervisorOptions _options;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task _keeping = Task.CompletedTask;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile LinkState _state = new LinkState.Connecting();

    private HypervisorLink(HypervisorOptions options) => _options = options;

    /// <summary>How it stands.</summary>
    public LinkState State => _state;

    /// <summary>The hypervisor; <see langword="null"/>: it can't be used now, and <see cref="State"/> says why.</summary>
    public Hypervisor? Current => (_state as LinkState.Up)?.Hypervisor;

    /// <summary>Takes up the hypervisor. Returns when it is there, or when it is known that it is not.</summary>
    /// <exception cref="HypervisorException">The URI can't lead to a hypervisor, whatever happens.</exception>
    public static async Task<HypervisorLink> OpenAsync(HypervisorOptions options, CancellationToken cancellationToken)
    {
        HypervisorUri.Parse(options.Uri);
        var link = new HypervisorLink(options);
        var first = link._changed.Task;
        link._keeping = link.KeepAsync(link._stopping.Token);
        await first.WaitAsync(cancellationToken);
        return link;
    }

    /// <summary>Waits until there is a hypervisor, and another one than that which was lost.</summary>
    public async Task<Hypervisor> WaitAsync(Hypervisor? lost, CancellationToken cancellationToken)
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
                    var hypervisor = await OpenAsync(stopping);
                    Set(new LinkState.Up(hypervisor));
                    var lost = await hypervisor.Lost.WaitAsync(stopping);
                    Set(Lost(lost));
                    await hypervisor.DisposeAsync();
                }
                catch (Exception refused) when (refused is not OperationCanceledException)
                {
                    Set(Lost(refused as HypervisorException ?? Unreachable(_options.Uri, refused.Message, refused)));
                    await Task.Delay(RetryAfter, _options.Time, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The daemon stops; the guests go on.
        }
    }

    private async Task<Hypervisor> OpenAsync(CancellationToken stopping)
    {
        if (_options.TrialCommand is { } command && HypervisorUri.Parse(_options.Uri).Kind == HypervisorKind.Embedded)
            await HypervisorTrial.RunAsync(command, _options.Uri, OpenLimit, _options.Time, stopping);
        var opening = Hypervisor.OpenAsync(_options, stopping);
        try
        {
            return await opening.WaitAsync(OpenLimit, _options.Time, stopping);
        }
        catch (TimeoutException slow)
        {
            // It can't be broken off, and a second attempt beside it would hang as well.
            Set(Lost(Unreachable(_options.Uri, $"it has not answered within {OpenLimit.TotalSeconds:0} s", slow)));
            return await opening.WaitAsync(stopping);
        }
    }

    // The same loss goes on since it began, whatever is found out about it.
    private LinkState.Lost Lost(HypervisorException why) =>
        new(_state is LinkState.Lost { Since: var since } ? since : _options.Time.GetUtcNow(), why);

    private void Set(LinkState state)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            // The same loss is told once.
            if (state is LinkState.Lost { Why: var why } && (_state as LinkState.Lost)?.Why.Problem != why.Problem)
                _options.Log.LogError("{Problem} {Advice}", why.Problem, why.Advice);
            else if (state is LinkState.Up && _state is LinkState.Lost)
                _options.Log.LogInformation("The hypervisor {Uri} can be used", _options.Uri);
            _state = state;
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
