namespace Redoubt.Compute.Tests;

/// <summary>Real guests whose agents say the truth, nothing, too much or nonsense: the guest image answers as it is told to.</summary>
[Collection(EmbeddedHostCollection.Name)]
[Trait("Needs", "guest")]
public sealed class AgentTests(EmbeddedHost host)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Hypervisor Hypervisor => host.Hypervisor;

    [Fact]
    public async Task A_guest_says_what_it_is_and_one_that_lies_floods_or_is_silent_says_little_and_holds_up_nobody()
    {
        var (honest, silent, flood, liar) = (await StartAsync("honest"), await StartAsync("silent"), await StartAsync("flood"),
            await StartAsync("liar"));
        try
        {
            await SaysAsync(honest, r => r.Nics.Any(n => n.Addresses.Contains("192.0.2.77")));
            var said = (await Hypervisor.ReadReportAsync(honest, Long, Cancel))!;
            Assert.Equal("7.2.5", said.AgentVersion);
            Assert.Equal("Redoubt guest 1.4", said.SystemName);
            Assert.Equal("redoubt", said.SystemId);
            Assert.Equal("1.4", said.SystemVersion);
            Assert.NotEmpty(said.Kernel);
            Assert.Contains(said.Nics, n => n.Mac == Mac(honest) && n.Addresses[0] == "192.0.2.77");

            // As long as nobody else is asked, none of these is; and then all of them at once.
            await SaysAsync(liar, _ => true);
            await Patience.UntilAsync(() => Hypervisor.IsAgentConnectedAsync(silent, Cancel), "the silent one has its channel open");
            await Patience.UntilAsync(() => Hypervisor.IsAgentConnectedAsync(flood, Cancel), "the flood has its channel open");
            var before = GC.GetTotalAllocatedBytes();
            var others = new[] { Hypervisor.ReadReportAsync(silent, Second, Cancel), Hypervisor.ReadReportAsync(flood, Second, Cancel) };
            var watch = System.Diagnostics.Stopwatch.StartNew();
            Assert.NotNull(await Hypervisor.ReadReportAsync(honest, Long, Cancel));
            Assert.All(await Task.WhenAll(others), Assert.Null);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100 << 20);

            var lies = (await Hypervisor.ReadReportAsync(liar, Long, Cancel))!;
            Assert.InRange(lies.AgentVersion.Length, 0, 128);
            Assert.DoesNotContain(lies.AgentVersion, char.IsControl);
            Assert.Empty(lies.SystemVersion + lies.SystemName + lies.SystemId);
            Assert.All(lies.Nics, n => Assert.InRange(n.Addresses.Count, 0, 16));
            Assert.All(lies.Nics.SelectMany(n => n.Addresses), a => Assert.True(System.Net.IPAddress.TryParse(a, out _), a));

            // A guest that a process left holding still goes on.
            await FreezeAsync(honest);
            await Hypervisor.ThawAsync(honest, Cancel);
            await Hypervisor.ThawAsync(honest, Cancel);
            var console = await File.ReadAllTextAsync(Path.Combine(host.Root, "consoles", $"{honest:D}.log"), Cancel);
            Assert.Equal((1, 1), (console.Split(": frozen").Length - 1, console.Split(": thawed").Length - 1));

            // The power button of the silent one is pressed, and the honest one's agent asked.
            Assert.Equal(GuestRoute.Agent, await Hypervisor.ShutdownAsync(honest, Cancel));
            await Hypervisor.WaitForStoppedAsync(honest, Cancel).WaitAsync(EmbeddedHost.Limit, Cancel);
        }
        finally
        {
            foreach (var guest in new[] { honest, silent, flood, liar })
                await Hypervisor.DestroyAsync(guest, CancellationToken.None);
        }
    }

    private static string Mac(Guid uuid) => $"52:54:00:{uuid.ToByteArray()[0]:x2}:00:01";

    /// <summary>As a process that dies at once.</summary>
    private async Task FreezeAsync(Guid guest)
    {
        using var connection = Libvirt.LibvirtConnection.Open(HypervisorOptions.EmbeddedUri(host.Root));
        await Task.Run(() => connection.AgentCommand(guest, """{"execute":"guest-fsfreeze-freeze"}""", 20), Cancel);
    }

    private Task SaysAsync(Guid guest, Func<GuestReport, bool> condition) => Patience.UntilAsync(
        async () => await Hypervisor.ReadReportAsync(guest, Long, Cancel) is { } report && condition(report),
        $"guest {guest} says what it is");

    private async Task<Guid> StartAsync(string agent)
    {
        var config = host.Guest(agent);
        await Hypervisor.StartAsync(
            config with
            {
                MemoryMaxBytes = 96 << 20,
                Disks =
                [
                    new DomainDisk
                    {
                        Device = 0,
                        Source = new Storage.DiskSource.File(Repository.GuestImage, Storage.DiskFormat.Qcow2),
                        ReadOnly = true,
                    },
                    config.Disks[0] with { Device = 1 },
                ],
                Nics =
                [
                    new DomainNic { Device = 0, Mac = Mac(config.Uuid), Bridge = null, Segment = IsolatedSegment.Of($"{config.Uuid}") },
                ],
                AgentSocketPath = Path.Combine(host.Root, $"a{config.Uuid:N}"[..8]),
                FirmwareStrings = [$"vm-data/agent={agent}", "vm-data/ip=192.0.2.77"],
            },
            Cancel);
        return config.Uuid;
    }
}
