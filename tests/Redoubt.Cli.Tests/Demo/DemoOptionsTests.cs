using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Demo;

namespace Redoubt.Cli.Tests.Demo;

/// <summary>What <c>redoubt demo</c> is told, on its command line.</summary>
public sealed class DemoOptionsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;

    private string Guest => Path.Combine(_root, "guest.qcow2");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_site_has_one_host_if_nothing_else_is_said()
    {
        var options = Parse();
        Assert.Equal((Guest, 1, false), (options.Guest, options.Hosts, options.Keep));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("3", 3)]
    [InlineData("5", 5)]
    public void A_site_has_as_many_hosts_as_are_asked_for(string word, int hosts)
    {
        var options = Parse("--keep", "--hosts", word);
        Assert.Equal((hosts, true), (options.Hosts, options.Keep));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("6")]
    [InlineData("-1")]
    [InlineData("+3")]
    [InlineData("3.0")]
    [InlineData(" 3")]
    [InlineData("three")]
    [InlineData("")]
    [InlineData("--keep")]
    [InlineData("99999999999")]
    public void Another_number_of_hosts_is_refused_with_those_that_there_can_be(string word)
    {
        var refused = Assert.Throws<UsageException>(() => Parse("--hosts", word));
        Assert.Contains("--hosts takes a number from 1 to 5", refused.Words, StringComparison.Ordinal);
        Assert.Contains($"'{word}'", refused.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--hosts")]
    [InlineData("--data")]
    public void An_option_without_its_value_is_named(string option) =>
        Assert.Contains($"{option} needs a value", Assert.Throws<UsageException>(() => Parse(option)).Words, StringComparison.Ordinal);

    [Fact]
    public void What_is_no_option_is_refused_with_those_that_there_are() =>
        Assert.Contains(
            "It takes --hosts N, --keep", Assert.Throws<UsageException>(() => Parse("--host")).Words, StringComparison.Ordinal);

    private DemoOptions Parse(params IReadOnlyList<string> words)
    {
        File.WriteAllText(Guest, "");
        return DemoOptions.Parse(["--guest", Guest, "--data", Path.Combine(_root, "demo"), .. words]);
    }
}
