namespace Redoubt.Recovery.Tests;

/// <summary>A server that takes a call and says nothing: until it is given up, or what its connection comes to after a while.</summary>
internal sealed class HangingServer(Exception? end) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (end is not null)
        {
            throw end;
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        throw new InvalidOperationException("it never answers");
    }
}
