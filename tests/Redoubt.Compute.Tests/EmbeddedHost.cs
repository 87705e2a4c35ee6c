namespace Redoubt.Compute.Tests;

/// <summary>
/// The one embedded hypervisor that this process can have, with a directory below /tmp that goes away with every guest in it.
/// </summary>
public sealed class EmbeddedHost : IAsyncLifetime
{
    private int _next;

    internal string Root { get; } = $"/tmp/rdt-{Guid.NewGuid():N}"[..16];

    internal Hypervisor Hypervisor { get; private set; } = null!;

    internal static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    public async ValueTask InitializeAsync()
    {
        HypervisorCache.Share(Root);
        Hypervisor = await Hypervisor.OpenAsync(
            new HypervisorOptions { Uri = HypervisorOptions.EmbeddedUri(Root) }, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (Hypervisor is not null)
        {
            foreach (var state in await Hypervisor.ListAsync(CancellationToken.None))
                await Hypervisor.DestroyAsync(state.Uuid, CancellationToken.None);
            await Hypervisor.DisposeAsync();
        }

        Directory.Delete(Root, recursive: true);
    }

    /// <summary>A guest that says <paramref name="text"/>, with files of its own.</summary>
    internal DomainConfig Guest(string text, byte[]? then = null)
    {
        var number = Interlocked.Increment(ref _next);
        var disk = TestGuest.WriteDisk(Path.Combine(Root, $"disk{number}"), text, then);
        var uuid = Guid.NewGuid();
        return TestGuest.Config(uuid, disk, Path.Combine(Root, "consoles", $"{uuid:D}.log"));
    }

    internal async Task<HypervisorException> RefusalAsync(DomainConfig config)
    {
        var failure = await Assert.ThrowsAsync<HypervisorException>(
            () => Hypervisor.StartAsync(config, TestContext.Current.CancellationToken));
        Assert.Null(await Hypervisor.FindAsync(config.Uuid, TestContext.Current.CancellationToken));
        return failure;
    }
}
