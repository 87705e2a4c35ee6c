namespace Redoubt.Compute.Tests;

public sealed class DomainEventQueueTests
{
    private static readonly DomainEvent Started = new(DomainEventKind.Started, Guid.NewGuid());

    [Fact]
    public async Task The_first_event_is_always_a_resync()
    {
        var queue = new DomainEventQueue();
        queue.Complete(null);
        Assert.Equal([DomainEventKind.Resync], await KindsAsync(queue));
    }

    [Fact]
    public async Task Whoever_falls_behind_reads_a_resync_instead_of_what_was_lost()
    {
        var queue = new DomainEventQueue(capacity: 2);
        var kinds = new List<DomainEventKind>();
        await foreach (var happened in queue.ReadAsync(TestContext.Current.CancellationToken))
        {
            kinds.Add(happened.Kind);
            if (kinds.Count == 1)
            {
                for (var i = 0; i < 3; i++)
                    queue.Add(Started);
            }
            else if (kinds.Count == 2)
            {
                queue.Add(Started);
                queue.Complete(null);
            }
        }

        Assert.Equal([DomainEventKind.Resync, DomainEventKind.Resync, DomainEventKind.Started], kinds);
    }

    [Fact]
    public async Task A_broken_connection_ends_the_reading_with_its_reason()
    {
        var source = new DomainEventSource("qemu+tls://far/system");
        var queue = source.Join();
        source.Closed();
        var failure = await Assert.ThrowsAsync<HypervisorException>(() => KindsAsync(queue));
        Assert.Equal((HypervisorFailure.ConnectionFailed, "qemu+tls://far/system"), (failure.Failure, failure.Subject));
    }

    [Fact]
    public void Every_event_of_libvirt_has_a_meaning_or_none()
    {
        for (var type = 0; type <= 8; type++)
        {
            for (var detail = 0; detail <= 8; detail++)
                Assert.Equal(type <= 5, DomainEventSource.KindOf(type, detail) is not null);
        }
    }

    private static async Task<List<DomainEventKind>> KindsAsync(DomainEventQueue queue)
    {
        var kinds = new List<DomainEventKind>();
        await foreach (var happened in queue.ReadAsync(TestContext.Current.CancellationToken))
            kinds.Add(happened.Kind);
        return kinds;
    }
}
