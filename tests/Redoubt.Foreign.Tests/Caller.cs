using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests;

/// <summary>Sends messages as the server does, without a wire in between.</summary>
internal sealed class Caller(PoolDaemon daemon, SessionState session)
{
    public SessionState Session => session;

    public async Task<T> CallAsync<T>(string message, params object?[] arguments) => (T)(await SendAsync(message, arguments))!;

    public Task CallAsync(string message, params object?[] arguments) => SendAsync(message, arguments);

    public Task<object?> AnyAsync(string message, params object?[] arguments) => SendAsync(message, arguments);

    public async Task<string[]> FailAsync(string message, params object?[] arguments)
    {
        var failure = await Assert.ThrowsAsync<XenApiException>(() => SendAsync(message, arguments));
        return [failure.Code, .. failure.Parameters];
    }

    public Caller With(Ref<SessionRecord> other) => new(daemon, daemon.Services.Sessions.Get(other, other.Opaque));

    private Task<object?> SendAsync(string message, object?[] arguments)
    {
        var call = new CallContext(session, session.Foreign ?? daemon.Services.State, TaskHandle.Unrecorded(), Site.Cancel);
        var (model, declared) = DataModel.FindMessage(message)!.Value;
        return daemon.Messages.Find(message) is { } behaviour
            ? behaviour(call, arguments)
            : daemon.Implicit.InvokeAsync(call, model, declared, arguments);
    }
}
