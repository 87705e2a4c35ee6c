using Microsoft.Extensions.Hosting;

namespace Redoubt.Server.Listening;

/// <summary>Leaves signals to whoever runs the server: the host's own way would end the process before the pool is closed.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
