using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Sends messages as the server does, without a wire in between.</summary>
internal sealed class TestClient(PoolDaemon daemon, SessionState session)
{
    public SessionState Session => session;

    public async Task<T> CallAsync<T>(string message, params object?[] arguments) => (T)(await SendAsync(message, arguments))!;

    public Task CallAsync(string message, params object?[] arguments) => SendAsync(message, arguments);

    /// <summary>Sends a message that must fail; answers its code and parameters.</summary>
    public async Task<string[]> FailAsync(string message, params object?[] arguments)
    {
        var failure = await Assert.ThrowsAsync<XenApiException>(() => SendAsync(message, arguments));
        return [failure.Code, .. failure.Parameters];
    }

    public TestClient With(Ref<SessionRecord> other) => new(daemon, daemon.Services.Sessions.Get(other, other.Opaque));

    private Task<object?> SendAsync(string message, object?[] arguments)
    {
        var call = new CallContext(
            session, session.Foreign ?? daemon.Services.State, TaskHandle.Unrecorded(), TestContext.Current.CancellationToken);
        return daemon.Messages.Find(message) is { } behaviour
            ? behaviour(call, arguments)
            : daemon.Implicit.InvokeAsync(
                call, DataModel.FindMessage(message)!.Value.Class, DataModel.FindMessage(message)!.Value.Message, arguments);
    }
}
