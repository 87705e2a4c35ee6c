using System.Net;
using System.Net.NetworkInformation;
using Redoubt.Server.Listening;

namespace Redoubt.Server.Tests;

/// <summary>What the database says of the host is so.</summary>
public sealed class HostUpkeepTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task The_free_memory_and_the_address_are_those_of_the_host()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        Assert.Equal("127.0.0.1", (await pool.CallAsync("host.get_address", host)).GetString());
        var metrics = (await pool.CallAsync("host.get_metrics", host)).GetString();
        var free = (await pool.CallAsync("host_metrics.get_memory_free", metrics)).ToString();
        Assert.Equal((await pool.CallAsync("host.compute_free_memory", host)).ToString(), free);
    }

    [Fact]
    public void An_address_that_others_reach_comes_before_one_that_only_the_host_does()
    {
        IPAddress[] own = [IPAddress.IPv6Loopback, IPAddress.Loopback, IPAddress.Parse("2001:db8::1"), IPAddress.Parse("192.0.2.7")];
        Assert.Equal("192.0.2.7", HostUpkeep.AddressOf([IPAddress.Any], own).ToString());
        Assert.Equal("192.0.2.7", HostUpkeep.AddressOf([IPAddress.Loopback, IPAddress.IPv6Any], own).ToString());
        Assert.Equal("192.0.2.9", HostUpkeep.AddressOf([IPAddress.Loopback, IPAddress.Parse("192.0.2.9")], own).ToString());
        Assert.Equal("127.0.0.1", HostUpkeep.AddressOf([IPAddress.Loopback], own).ToString());
        Assert.Equal("127.0.0.1", HostUpkeep.AddressOf([IPAddress.Any], []).ToString());
    }

    [Fact]
    public void The_URL_for_others_is_over_TLS_before_plain_and_from_elsewhere_before_loopback()
    {
        IPAddress[] own = [IPAddress.Loopback, IPAddress.Parse("192.0.2.7")];
        (IPEndPoint, bool) On(string address, int port, bool isSecure) => (new(IPAddress.Parse(address), port), isSecure);
        Assert.Equal("https://192.0.2.7/", HostUpkeep.UrlOf([On("127.0.0.1", 80, false), On("0.0.0.0", 443, true)], own).AbsoluteUri);
        Assert.Equal(
            "https://127.0.0.1:8443/", HostUpkeep.UrlOf([On("127.0.0.1", 80, false), On("127.0.0.1", 8443, true)], own).AbsoluteUri);
        Assert.Equal("https://192.0.2.9:444/", HostUpkeep.UrlOf([On("::1", 443, true), On("192.0.2.9", 444, true)], own).AbsoluteUri);
        Assert.Equal("https://[2001:db8::1]:444/", HostUpkeep.UrlOf([On("2001:db8::1", 444, true)], own).AbsoluteUri);
        Assert.Equal("http://127.0.0.1/", HostUpkeep.UrlOf([On("127.0.0.1", 80, false)], own).AbsoluteUri);
    }

    [Fact]
    public void Addresses_are_listed_again_when_an_interface_goes_meanwhile()
    {
        var tries = 0;
        var listed = OwnAddresses.Steady<IPAddress>(() => [new IPAddress(++tries < 3 ? ReadOnlySpan<byte>.Empty : [127, 0, 0, 1])]);
        Assert.Equal((3, IPAddress.Loopback), (tries, Assert.Single(listed)));
        Assert.Throws<NetworkInformationException>(() => OwnAddresses.Steady<IPAddress>(() => throw new NetworkInformationException()));
    }
}
