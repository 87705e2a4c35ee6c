using Microsoft.Extensions.Logging;

namespace Redoubt.Compute;

/// <summary>
/// A host's hypervisor as a daemon has it that must run whether there is one or not: it is opened, and opened again when it is lost, for as
/// long as that takes.
/// <code>
///            opened                     the connection breaks
/// Trouble ──────────► Current is there ───────────────────────► Trouble
///    ▲ └── tried again after a pause, or an attempt that hangs comes to its end
/// </code>
/// </summary>
public sealed class HypervisorLink : IAsyncDisposable
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly HypervisorOptions _options;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private bool _isLossTold;
    private Task _keeping = Task.CompletedTask;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile State _state;

    private HypervisorLink(HypervisorOptions options)
    {
        _options = options;
        _state = new(null, Unreachable(options.Uri, "it has not been opened yet", null), options.Time.GetUtcNow());
    }

    /// <summary>The hypervisor; <see langword="null"/>: it can't be used now, and <see cref="Trouble"/> says why.</summary>
    public Hypervisor? Current => _state.Hypervisor;

    /// <summary>Why the hypervisor can't be used, and since when that is known; <see langword="null"/>: it can.</summary>
    public (HypervisorException Reason, DateTimeOffset Since)? Trouble => _state is { Trouble: { } reason } state ? (reason, state.Since) : null;

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
        "The guests are not affected. It is tried again until it works; the log of the daemon and libvirt's own (log/libvirt.log below its root) may say more.",
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
                    Set(hypervisor, null);
                    var lost = await hypervisor.Lost.WaitAsync(stopping);
                    Set(null, lost);
                    await hypervisor.DisposeAsync();
                }
                catch (Exception refused) when (refused is not OperationCanceledException)
                {
                    Set(null, refused as HypervisorException ?? Unreachable(_options.Uri, refused.Message, refused));
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
            Set(null, Unreachable(_options.Uri, $"it has not answered within {OpenLimit.TotalSeconds:0} s", slow));
            return await opening.WaitAsync(stopping);
        }
    }

    private void Set(Hypervisor? hypervisor, HypervisorException? trouble)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            // The same trouble goes on since it began, and is told once.
            if (trouble is not null && _state.Trouble?.Problem != trouble.Problem)
            {
                _options.Log.LogError("{Problem} {Advice}", trouble.Problem, trouble.Advice);
                _isLossTold = true;
            }
            else if (hypervisor is not null && _isLossTold)
            {
                _isLossTold = false;
                _options.Log.LogInformation("The hypervisor {Uri} can be used", _options.Uri);
            }

            var since = trouble is not null && _state.Trouble is not null ? _state.Since : _options.Time.GetUtcNow();
            _state = new(hypervisor, trouble, since);
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private sealed record State(Hypervisor? Hypervisor, HypervisorException? Trouble, DateTimeOffset Since);
}
