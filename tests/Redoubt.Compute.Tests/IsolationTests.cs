using Redoubt.Storage;
using System.Net;
using System.Net.Sockets;

namespace Redoubt.Compute.Tests;

/// <summary>Guests on networks that lead nowhere. The bench's Linux guest is used, since it speaks as soon as its card is up.</summary>
[Collection(EmbeddedHostCollection.Name)]
[Trait("Needs", "guest")]
public sealed class IsolationTests(EmbeddedHost host)
{
    private const string FirstMac = "52:54:00:11:22:01";
    private const string SecondMac = "52:54:00:11:22:02";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_carries_the_frames_of_its_own_guests_and_of_no_others()
    {
        var (one, other) = (IsolatedSegment.Of($"{Guid.NewGuid()}"), IsolatedSegment.Of($"{Guid.NewGuid()}"));
        using var listener = Join(one);
        using var elsewhere = Join(other);
        var (first, second) = (Guest(1, FirstMac, one), Guest(2, SecondMac, other));
        await Task.WhenAll(host.Hypervisor.StartAsync(first, Cancel), host.Hypervisor.StartAsync(second, Cancel));
        try
        {
            Assert.Equal([FirstMac], await SendersAsync(listener));
            Assert.Equal([SecondMac], await SendersAsync(elsewhere));
        }
        finally
        {
            await host.Hypervisor.DestroyAsync(first.Uuid, Cancel);
            await host.Hypervisor.DestroyAsync(second.Uuid, Cancel);
        }
    }

    [Fact]
    public async Task A_bridge_that_is_taken_away_while_it_is_asked_for_is_made_again()
    {
        var name = $"rdt{Guid.NewGuid():N}"[..15];
        if (!HostBridge.TryMakeIsolated(name))
        {
            Assert.SkipWhen(Environment.UserName != "root", "Only who may configure the network can make bridges.");
            Assert.Fail("root could not make a bridge");
        }

        try
        {
            for (var round = 0; round < 100; round++)
            {
                var taking = Task.Run(() => Record.Exception(() => HostBridge.RemoveIsolated(name)), Cancel);
                Assert.True(HostBridge.TryMakeIsolated(name));
                Assert.False(await taking is not (null or IOException));
            }
        }
        finally
        {
            HostBridge.RemoveIsolated(name);
        }
    }

    [Fact]
    public async Task An_isolated_bridge_has_no_address_and_no_uplink_and_comes_and_goes_as_often_as_asked()
    {
        var name = $"rdt{Guid.NewGuid():N}"[..15];
        if ((await host.Hypervisor.MakeIsolatedBridgesAsync([name], Cancel)).Count == 0)
        {
            Assert.SkipWhen(Environment.UserName != "root", "Only who may configure the network can make bridges.");
            Assert.Fail("root could not make a bridge");
        }

        try
        {
            Assert.Equal([name], await host.Hypervisor.MakeIsolatedBridgesAsync([name], Cancel));
            Assert.True(HostBridge.Exists(name));
            Assert.Empty(Directory.EnumerateFileSystemEntries($"/sys/class/net/{name}/brif"));
            var guest = Guest(3, FirstMac, null) with { Nics = [new DomainNic { Device = 0, Mac = FirstMac, Bridge = name }] };
            await host.Hypervisor.StartAsync(guest, Cancel);
            await Until.FileContainsAsync(guest.ConsoleLogPath!, "redoubt-guest: ");
            Assert.Single(Directory.EnumerateFileSystemEntries($"/sys/class/net/{name}/brif"));
            Assert.DoesNotContain(name, File.ReadAllText("/proc/net/if_inet6"), StringComparison.Ordinal);
            Assert.DoesNotContain(
                System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces().Single(i => i.Name == name)
                    .GetIPProperties().UnicastAddresses,
                _ => true);
            await host.Hypervisor.DestroyAsync(guest.Uuid, Cancel);
        }
        finally
        {
            await host.Hypervisor.RemoveIsolatedBridgeAsync(name, Cancel);
        }

        await host.Hypervisor.RemoveIsolatedBridgeAsync(name, Cancel);
        Assert.False(HostBridge.Exists(name));
    }

    /// <summary>What a VM's record asks for beyond the usual is what its guest sees.</summary>
    [Theory]
    [InlineData(4, 2, 2, null)]
    [InlineData(4, null, 1, 9000)]
    public async Task A_guest_has_the_sockets_the_MTU_and_the_strings_that_are_asked_for(int vcpus, int? cores, int sockets, int? mtu)
    {
        var guest = Guest(10 + sockets, FirstMac, null) with
        {
            Vcpus = vcpus,
            CoresPerSocket = cores,
            Nics =
                [new DomainNic { Device = 0, Mac = FirstMac, Bridge = null, Segment = IsolatedSegment.Of($"{Guid.NewGuid()}"), Mtu = mtu }],
            FirmwareStrings = ["vm-data/ip=10.0.0.1,24 <&> ü", "vm-data/none="],
        };
        await host.Hypervisor.StartAsync(guest, Cancel);
        await Until.FileContainsAsync(guest.ConsoleLogPath!, $"hardware processors={vcpus} sockets={sockets} mtus={mtu ?? 1500}");
        await Until.FileContainsAsync(guest.ConsoleLogPath!, "given vm-data/ip=10.0.0.1,24 <&> ü");
        await Until.FileContainsAsync(guest.ConsoleLogPath!, "given vm-data/none=");
        await host.Hypervisor.DestroyAsync(guest.Uuid, Cancel);
    }

    [Fact]
    public async Task An_interface_on_a_bridge_has_the_MTU_that_is_asked_for()
    {
        var name = $"rdt{Guid.NewGuid():N}"[..15];
        if ((await host.Hypervisor.MakeIsolatedBridgesAsync([name], Cancel)).Count == 0)
        {
            Assert.SkipWhen(Environment.UserName != "root", "Only who may configure the network can make bridges.");
            Assert.Fail("root could not make a bridge");
        }

        try
        {
            var guest = Guest(13, FirstMac, null) with { Nics = [new DomainNic { Device = 0, Mac = FirstMac, Bridge = name, Mtu = 9000 }] };
            await host.Hypervisor.StartAsync(guest, Cancel);
            await Until.FileContainsAsync(guest.ConsoleLogPath!, "mtus=9000");
            await host.Hypervisor.DestroyAsync(guest.Uuid, Cancel);
        }
        finally
        {
            await host.Hypervisor.RemoveIsolatedBridgeAsync(name, Cancel);
        }
    }

    private DomainConfig Guest(int number, string mac, IsolatedSegment? segment)
    {
        var uuid = Guid.NewGuid();
        var disk = Path.Combine(host.Root, $"isolated{number}.qcow2");
        File.Copy(Repository.GuestImage, disk);
        return TestGuest.Config(uuid, disk, Path.Combine(host.Root, "consoles", $"{uuid:D}.log")) with
        {
            MemoryMaxBytes = 128 << 20,
            Disks = [new DomainDisk { Device = 0, Source = new DiskSource.File(disk, DiskFormat.Qcow2) }],
            Nics = [new DomainNic { Device = 0, Mac = mac, Bridge = null, Segment = segment }],
        };
    }

    private static Socket Join(IsolatedSegment segment)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Parse(segment.Group), segment.Port));
        socket.SetSocketOption(
            SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(IPAddress.Parse(segment.Group), IPAddress.Loopback));
        return socket;
    }

    /// <summary>The senders of the first five frames: the guest's card announces itself several times.</summary>
    private static async Task<IReadOnlyList<string>> SendersAsync(Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(EmbeddedHost.Limit);
        var senders = new HashSet<string>();
        var frame = new byte[2048];
        for (var heard = 0; heard < 5; heard++)
        {
            var length = await socket.ReceiveAsync(frame, limit.Token);
            Assert.InRange(length, 14, 2048);
            senders.Add(string.Join(':', frame[6..12].Select(b => $"{b:x2}")));
        }

        return [.. senders];
    }
}
