using Redoubt.Storage;
namespace Redoubt.Compute.Tests;

/// <summary>libvirt's test driver pretends to run guests, which is enough to see that a hundred of them are handled.</summary>
public sealed class TestDriverTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_domains_start_pause_and_stop()
    {
        await using var hypervisor = await Hypervisor.OpenAsync(new HypervisorOptions { Uri = "test:///default" }, Cancel);
        Assert.Equal((Accelerator.Test, "TEST"), (hypervisor.Facts.Platform.Accelerator, hypervisor.Facts.Driver));
        Assert.Empty(hypervisor.Facts.Warnings);
        var configs = Enumerable.Range(0, 100).Select(number => new DomainConfig
        {
            Uuid = Guid.NewGuid(),
            Name = $"vm {number}",
            MemoryMaxBytes = 16 << 20,
            Vcpus = 1,
            Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File($"/nowhere/{number}.qcow2", DiskFormat.Qcow2) }],
            Nics = [new DomainNic { Device = 0, Mac = $"02:00:00:00:01:{number:x2}", Bridge = "xenbr0" }],
            StartPaused = number % 2 == 0,
        }).ToList();

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(EmbeddedHost.Limit);
        var mine = configs.Select(config => config.Uuid).ToHashSet();
        var started = new HashSet<Guid>();
        var stopped = new HashSet<Guid>();
        await foreach (var happened in hypervisor.EventsAsync(limit.Token))
        {
            if (happened.Kind == DomainEventKind.Resync)
                await Task.WhenAll(configs.Select(config => hypervisor.StartAsync(config, Cancel)));
            else if (happened.Kind == DomainEventKind.Started && mine.Contains(happened.Uuid) && started.Add(happened.Uuid)
                && started.Count == 100)
                await ListAndDestroyAsync(hypervisor, configs);
            else if (happened.IsStop && mine.Contains(happened.Uuid) && stopped.Add(happened.Uuid) && stopped.Count == 100)
                break;
        }

        Assert.DoesNotContain(await hypervisor.ListAsync(Cancel), state => mine.Contains(state.Uuid));
    }

    private static async Task ListAndDestroyAsync(Hypervisor hypervisor, List<DomainConfig> configs)
    {
        var states = (await hypervisor.ListAsync(Cancel)).ToDictionary(state => state.Uuid);
        foreach (var config in configs)
        {
            Assert.Equal(config.Name, states[config.Uuid].Name);
            Assert.Equal(config.StartPaused ? DomainPowerState.Paused : DomainPowerState.Running, states[config.Uuid].PowerState);
        }

        await Task.WhenAll(configs.Select(config => hypervisor.DestroyAsync(config.Uuid, Cancel)));
    }
}
