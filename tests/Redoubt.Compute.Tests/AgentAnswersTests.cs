using System.Text;

namespace Redoubt.Compute.Tests;

/// <summary>What agents answer, as they do and as none should.</summary>
public sealed class AgentAnswersTests
{
    private const string About = """{"return": {"version": "7.2.22", "supported_commands": [{"enabled": true, "name": "guest-exec"}]}}""";

    private const string System =
        """
        {"return": {"name": "Debian GNU/Linux", "kernel-release": "6.1.0-31-amd64", "version": "12 (bookworm)", "machine": "x86_64",
        "pretty-name": "Debian GNU/Linux 12 (bookworm)", "version-id": "12", "kernel-version": "#1 SMP", "id": "debian"}}
        """;

    private const string Interfaces =
        """
        {"return": [
          {"name": "lo", "hardware-address": "00:00:00:00:00:00",
           "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "127.0.0.1", "prefix": 8}]},
          {"name": "dummy0"},
          {"name": "eth0", "hardware-address": "52:54:00:AA:00:01", "statistics": {"rx-bytes": 1},
           "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "192.0.2.2", "prefix": 24},
                            {"ip-address-type": "ipv6", "ip-address": "FD00::0:2", "prefix": 64}]}]}
        """;

    [Fact]
    public void What_an_agent_says_is_read()
    {
        var report = AgentAnswers.Read(About, System, Interfaces);
        Assert.Equal(
            new GuestReport
            {
                AgentVersion = "7.2.22",
                SystemName = "Debian GNU/Linux 12 (bookworm)",
                SystemId = "debian",
                SystemVersion = "12",
                Kernel = "6.1.0-31-amd64",
                Nics = report.Nics,
            },
            report);
        Assert.Equal(["00:00:00:00:00:00", "52:54:00:aa:00:01"], report.Nics.Select(n => n.Mac));
        Assert.Equal(["192.0.2.2", "fd00::2"], report.Nics[1].Addresses);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("junk")]
    [InlineData("[]")]
    [InlineData("""{"return": null}""")]
    [InlineData("""{"return": [[[[]]]]}""")]
    [InlineData("""{"return": {"version": "\ud800", "id": "\ud800", "pretty-name": 7, "name": []}}""")]
    [InlineData("""{"error": {"class": "CommandNotFound", "desc": "it has been switched off"}}""")]
    [InlineData("""{"return": [{"hardware-address": "\udc00"}, {"hardware-address": 1, "ip-addresses": {}}, 8, null, "x"]}""")]
    public void What_is_no_answer_counts_as_none(string? said)
    {
        var report = AgentAnswers.Read(said, said, said);
        Assert.Equal(new GuestReport { Nics = report.Nics }, report);
        Assert.Empty(report.Nics);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0x7f.1")]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0.1 <b>")]
    [InlineData("fe80::1%eth0")]
    [InlineData("example.org")]
    public void What_is_no_address_is_none(string said)
    {
        var answer = $$"""{"return": [{"hardware-address": "52:54:00:00:00:01", "ip-addresses": [{"ip-address": "{{said}}"}]}]}""";
        Assert.Empty(Assert.Single(AgentAnswers.Read(null, null, answer).Nics).Addresses);
    }

    [Fact]
    public void Of_what_is_too_much_the_first_part_is_taken_and_of_an_answer_without_an_end_nothing()
    {
        var addresses = string.Join(",", Enumerable.Range(0, 200).Select(i => $$"""{"ip-address": "10.0.0.{{i}}"}"""));
        var nic = $$"""{"hardware-address": "52:54:00:00:00:01", "ip-addresses": [{{addresses}}]}""";
        var nics = string.Join(",", Enumerable.Repeat(nic, 99));
        var digits = new string('9', 1000);
        var report = AgentAnswers.Read(
            $$$"""{"return": {"version": "\u009b\u202e\u0001{{{digits}}}\n"}}""", null, $$"""{"return": [{{nics}}]}""");
        Assert.Equal(new('9', 125), report.AgentVersion.Trim('\uFFFD'));
        Assert.Equal(64, report.Nics.Count);
        Assert.All(report.Nics, n => Assert.Equal(16, n.Addresses.Count));
        var endless = new string('x', 1 << 20);
        Assert.Equal("", AgentAnswers.Read($$$"""{"return": {"version": "1", "more": "{{{endless}}}"}}""", null, null).AgentVersion);
    }

    [Theory]
    [InlineData("""{"return": "frozen"}""", true)]
    [InlineData("""{"return": "thawed"}""", false)]
    [InlineData("""{"return": ["frozen"]}""", false)]
    [InlineData("""{"error": "frozen"}""", false)]
    [InlineData("", false)]
    public void Whether_a_guest_holds_still_is_read(string said, bool isFrozen) => Assert.Equal(isFrozen, AgentAnswers.IsFrozen(said));

    [Fact]
    public void No_damaged_answer_makes_trouble()
    {
        for (var length = 0; length <= Interfaces.Length; length++)
        {
            AgentAnswers.Read(Interfaces[..length], Interfaces[length..], Interfaces[..length] + "\0" + Interfaces[length..]);
        }

        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = Encoding.Latin1.GetBytes(Interfaces);
            for (var i = 0; i < 3; i++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var said = Encoding.Latin1.GetString(bytes);
            Assert.All(AgentAnswers.Read(said, said, said).Nics, n => Assert.DoesNotContain(n.Mac, char.IsControl));
        }
    }
}
