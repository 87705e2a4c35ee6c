using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Connections;

namespace Redoubt.Cli.Tests;

/// <summary>Which server a command goes to. One that is understood half goes to another pool.</summary>
public sealed class ServerAddressTests
{
    [Theory]
    [InlineData("-s north", "https://north/")]
    [InlineData("-s north:8443", "https://north:8443/")]
    [InlineData("-s north -p 8443", "https://north:8443/")]
    [InlineData("-s North.Example.org.", "https://north.example.org./")]
    [InlineData("-s 10.0.0.1", "https://10.0.0.1/")]
    [InlineData("-s 10.0.0.1:8443", "https://10.0.0.1:8443/")]
    [InlineData("-s ::1", "https://[::1]/")]
    [InlineData("-s [::1]", "https://[::1]/")]
    [InlineData("-s [::1]:8934", "https://[::1]:8934/")]
    [InlineData("-s ::1 -p 8934", "https://[::1]:8934/")]
    [InlineData("-s [::1] -p 8934", "https://[::1]:8934/")]
    [InlineData("-s 2001:db8::7", "https://[2001:db8::7]/")]
    [InlineData("-s [2001:DB8:0:0:0:0:0:7]:9", "https://[2001:db8::7]:9/")]
    [InlineData("-s https://[::1]:8934/", "https://[::1]:8934/")]
    [InlineData("-s https://[::1] -p 8934", "https://[::1]:8934/")]
    [InlineData("-s https://north/", "https://north/")]
    [InlineData("-s HTTPS://north:1", "https://north:1/")]
    [InlineData("-s http://127.0.0.1:8801", "http://127.0.0.1:8801/")]
    [InlineData("-s http://[::1]", "http://[::1]/")]
    [InlineData("--nossl -s [::1]:8934", "http://[::1]:8934/")]
    [InlineData("--nossl -s ::1", "http://[::1]/")]
    [InlineData("--nossl -s localhost -p 80", "http://localhost/")]
    [InlineData("-h north", "https://north/")]
    [InlineData("", "https://127.0.0.1/")]
    public void An_address_is_understood_as_a_whole(string line, string url) => Assert.Equal(url, Of(line).AbsoluteUri);

    [Theory]
    [InlineData("-s north:8443 -p 8443")]
    [InlineData("-s [::1]:8934 -p 443")]
    [InlineData("-s https://north:443 -p 8443")]
    [InlineData("-s http://127.0.0.1:80 -p 81")]
    public void A_port_that_is_given_twice_is_refused(string line) =>
        Assert.Contains("port is given twice", Assert.Throws<UsageException>(() => Of(line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("-p 1 -p 2")]
    [InlineData("-s north -s south")]
    [InlineData("-s north -h south")]
    [InlineData("-u a -u b")]
    public void An_option_that_is_given_twice_is_refused(string line) =>
        Assert.Contains("is given twice", Assert.Throws<UsageException>(() => Of(line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("north:")]
    [InlineData("north:http")]
    [InlineData("north:0")]
    [InlineData("north:65536")]
    [InlineData("north:-1")]
    [InlineData("north:8443x")]
    [InlineData(":8443")]
    [InlineData("[::1")]
    [InlineData("[::1]8443")]
    [InlineData("[::1]:")]
    [InlineData("[::1]:x")]
    [InlineData("[north]:8443")]
    [InlineData("[10.0.0.1]")]
    [InlineData("[]")]
    [InlineData("::1]:8443")]
    [InlineData("1")]
    [InlineData("127.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("256.0.0.1:1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("::1::2")]
    [InlineData("root@north")]
    [InlineData("https://root@north")]
    [InlineData("https://north/pool")]
    [InlineData("https://north?x")]
    [InlineData("https://")]
    [InlineData("ftp://north")]
    [InlineData("north south")]
    [InlineData("%00")]
    [InlineData("")]
    public void What_is_no_address_is_refused(string server) =>
        Assert.Throws<UsageException>(() => ServerAddress.Of(new() { Server = server }));

    [Fact]
    public void The_words_that_stand_before_every_command_line_give_way_to_it()
    {
        var options = CommandLineParser.Parse(["-s", "north", "-p", "1", "-s", "south", "-p", "2", "vm-list"], extra: 4).Options;
        Assert.Equal("https://south:2/", ServerAddress.Of(options).AbsoluteUri);
    }

    private static Uri Of(string line) =>
        ServerAddress.Of(CommandLineParser.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Options);
}
