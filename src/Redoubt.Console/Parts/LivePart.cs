using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Logging;
using Microsoft.JSInterop;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Console.Parts;

/// <summary>
/// A page, or a part of one, that follows the pool: it is computed anew when something has changed, and leads to the door when the
/// session has ended. What it does goes through <see cref="ActAsync"/>, which shows a refusal in the API's own words.
/// </summary>
public abstract class LivePart : ComponentBase, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(30);

    private IDisposable? _subscription;
    private ITimer? _tick;
    private Outcome? _outdated;
    private bool _isDisposed;
    private bool _isRefreshing;
    private bool _isChanged;
    private bool _isLeaving;

    /// <summary>Who looks at it.</summary>
    protected Visitor Me { get; private set; } = Visitor.Nobody;

    /// <summary>The pool.</summary>
    [Inject] protected ConsolePool Pool { get; set; } = null!;

    /// <summary>Where it is.</summary>
    [Inject] protected NavigationManager Nav { get; set; } = null!;

    [Inject] private IJSRuntime Js { get; set; } = null!;

    /// <summary>The daemon's log, for what no visitor is told.</summary>
    [Inject] protected ILogger<LivePart> Log { get; set; } = null!;

    /// <summary>The pool's database as of this rendering.</summary>
    protected DatabaseState State { get; private set; } = DatabaseState.Empty;

    /// <summary>What the last thing done led to; null for nothing to tell.</summary>
    protected Outcome? Told { get; set; }

    /// <summary>Whether something is being done.</summary>
    protected bool IsBusy { get; private set; }

    /// <summary>Now.</summary>
    protected DateTimeOffset Now => Pool.Time.GetUtcNow();

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        Me = Visitor.Of((await Authentication).User, Pool);

        // A session may end while its page comes to life: there is nothing to show any more, and that is no fault of the page.
        if (!RendererInfo.IsInteractive || !LeaveIfSignedOut())
        {
            await base.SetParametersAsync(ParameterView.Empty);
        }
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        if (GetType().IsDefined(typeof(RouteAttribute), inherit: false))
        {
            // Somebody has opened a page; its parts come and go by themselves.
            Me.Renew();
        }

        State = Pool.State;
        await OpenAsync();
        await FollowAsync();
        if (RendererInfo.IsInteractive && !_isDisposed)
        {
            _subscription = Pool.Changes.Subscribe(what => _ = InvokeAsync(what == SignalKind.Pool ? FollowChangeAsync : FollowSession));

            // "3 minutes ago" and "overdue" change although nothing does, and a session that nobody uses ends.
            _tick = Pool.Time.CreateTimer(state => _ = InvokeAsync(FollowClock), null, Tick, Tick);
            if (!LeaveIfSignedOut() && !ReferenceEquals(State, Pool.State))
            {
                // It has changed before anybody listened.
                await RefreshAsync();
            }
        }
    }

    /// <summary>Once, before the first <see cref="FollowAsync"/>.</summary>
    protected virtual Task OpenAsync() => Task.CompletedTask;

    /// <summary>Computes what is shown, from <see cref="State"/>. Called at first and after changes.</summary>
    protected virtual Task FollowAsync() => Task.CompletedTask;

    /// <summary>
    /// Lets go of what was kept for the session, which has ended: the page itself may stay for as long as a lost browser is waited for.
    /// </summary>
    protected virtual void Leave()
    {
    }

    /// <summary>Ends the subscription.</summary>
    protected virtual void Dispose(bool disposing)
    {
        _isDisposed = true;
        _subscription?.Dispose();
        _tick?.Dispose();
    }

    /// <summary>Looks at the pool again and shows it. What changes while it looks has it look once more, after this time.</summary>
    protected async Task RefreshAsync()
    {
        if (_isRefreshing)
        {
            _isChanged = true;
            return;
        }

        _isRefreshing = true;
        try
        {
            do
            {
                if (_isDisposed || LeaveIfSignedOut())
                {
                    return;
                }

                _isChanged = false;
                State = Pool.State;
                await FollowAsync();
                (Told, _outdated) = (Told == _outdated ? null : Told, null);
                StateHasChanged();
            }
            while (_isChanged);
        }
        catch (Exception trouble) when (trouble is XenApiException or XenApiTransportException)
        {
            // What is shown stays, but nobody may take it for what is.
            if (!_isDisposed && !LeaveIfSignedOut())
            {
                Log.LogWarning(trouble, "A page of the console could not look at the pool again");
                Told = _outdated = new(
                    "bad",
                    PartsText.Outdated(trouble is XenApiException refusal ? Refusals.Sentence(refusal, Pool.State) : trouble.Message));
                StateHasChanged();
            }
        }
        finally
        {
            _isRefreshing = false;
        }
    }

    /// <summary>Does something, and shows how it went.</summary>
    /// <param name="act">What.</param>
    /// <param name="done">What to say when it is done; null for nothing, where the page shows it by itself.</param>
    /// <returns>Whether it was done.</returns>
    protected async Task<bool> ActAsync(Func<Task> act, string? done = null)
    {
        ArgumentNullException.ThrowIfNull(act);
        if (IsBusy)
        {
            return false;
        }

        (IsBusy, Told) = (true, null);
        Me.Renew();
        StateHasChanged();
        try
        {
            await act();
            Told = done is null ? null : new("ok", done);
            return true;
        }
        catch (XenApiException refusal)
        {
            Told = new("bad", Refusals.Sentence(refusal, Pool.State));
        }
        catch (Exception trouble) when (trouble is XenApiTransportException or FormatException)
        {
            Told = new("bad", trouble.Message);
        }
        catch (Exception fault)
        {
            Log.LogError(fault, "The console could not do what it was asked to");
            Told = new("bad", PartsText.Fault);
        }
        finally
        {
            IsBusy = false;
            Me.Renew();
            await RefreshAsync();
        }

        return false;
    }

    private async Task FollowChangeAsync()
    {
        try
        {
            await RefreshAsync();
        }
        catch (Exception fault)
        {
            // Nobody awaits this: the page's own boundary shows that it has failed.
            await DispatchExceptionAsync(fault);
        }
    }

    private Task FollowSession()
    {
        if (!_isDisposed)
        {
            LeaveIfSignedOut();
        }

        return Task.CompletedTask;
    }

    private void FollowClock()
    {
        if (!_isDisposed && !LeaveIfSignedOut())
        {
            StateHasChanged();
        }
    }

    private bool LeaveIfSignedOut()
    {
        if (Me.IsSignedIn)
        {
            return false;
        }

        if (!_isLeaving)
        {
            _isLeaving = true;
            Leave();
            _ = GoToTheDoorAsync();
        }

        return true;
    }

    private async Task GoToTheDoorAsync()
    {
        try
        {
            await Js.InvokeVoidAsync(
                "location.assign", Nav.ToAbsoluteUri($"sign-in?next={Uri.EscapeDataString(Nav.ToBaseRelativePath(Nav.Uri))}").ToString());
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The line is down, or the browser left before it could answer. If it comes back, it is led there at the next tick.
            _isLeaving = false;
        }
    }
}
