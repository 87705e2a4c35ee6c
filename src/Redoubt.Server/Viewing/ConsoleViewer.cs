using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Viewing;

/// <summary>Somebody who looks at a console, in a session.</summary>
internal sealed class ConsoleViewer(Ref<SessionRecord> session, GuestConsole console, Action<ConsoleViewer> leave) : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private int _hasTyped;

    public Ref<SessionRecord> Session => session;

    public GuestConsole Console => console;

    /// <summary>Notes that they have sent something, which keeps their session from being idle.</summary>
    public void Type() => Volatile.Write(ref _hasTyped, 1);

    /// <summary>Whether they have sent anything since this was asked last.</summary>
    public bool HasTyped() => Interlocked.Exchange(ref _hasTyped, 0) != 0;

    /// <summary>Serves the line, until the client goes, the guest does, or they may not look any longer.</summary>
    /// <param name="fromGuest">Sends the client what comes from the guest, until that ends.</param>
    /// <param name="toGuest">Sends the guest what comes from the client, until that ends.</param>
    /// <param name="gone">Set when the client has gone.</param>
    /// <exception cref="OperationCanceledException">They may not look any longer, or the client has gone without a word.</exception>
    public async Task LookAsync(Func<CancellationToken, Task> fromGuest, Func<CancellationToken, Task> toGuest, CancellationToken gone)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(gone, _over.Token);
        Task[] both = [fromGuest(over.Token), toGuest(over.Token)];
        var first = await Task.WhenAny(both);
        await over.CancelAsync();
        try
        {
            await Task.WhenAll(both);
        }
        catch (Exception broken) when (first.IsCompletedSuccessfully && broken is OperationCanceledException or IOException)
        {
            // One way has come to its end; the other was cut short because of that.
        }
    }

    /// <summary>Has them look no longer.</summary>
    public void End()
    {
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // They have just left.
        }
    }

    public void Dispose()
    {
        leave(this);
        _over.Dispose();
    }
}
