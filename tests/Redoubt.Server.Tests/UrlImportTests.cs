using System.Net;
using Redoubt.Server.Http;

namespace Redoubt.Server.Tests;

/// <summary>Where the daemon goes when it is told to fetch VMs from an address.</summary>
public sealed class UrlImportTests
{
    [Theory]
    [InlineData("1.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.0.1")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("2001:db8::1")]
    [InlineData("fd00::1")]
    public void A_network_is_outside(string address) => Assert.True(UrlImportCalls.IsOutside(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.255.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:224.0.0.1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("febf::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void The_host_itself_its_link_and_groups_are_not(string address) =>
        Assert.False(UrlImportCalls.IsOutside(IPAddress.Parse(address)));
}
