using Redoubt.Storage.RbdDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Rbd;

public sealed class CephPoolTests
{
    private const string Key = "AQDDswxrVCUkIRAAMUgUqfqKwW2mqKvE/tKk9A==";

    private static Dictionary<string, string> Config(string key, string value) => new()
    {
        ["monitors"] = "mon1",
        ["pool"] = "vms",
        ["key"] = Key,
        [key] = value,
    };

    [Theory]
    [InlineData("mon1", "mon1:6789")]
    [InlineData("mon1:65535", "mon1:65535")]
    [InlineData("mon1:3300, 10.0.0.2 ,[fd00::3],[fd00::4]:1", "mon1:3300,10.0.0.2:6789,[fd00::3]:6789,[fd00::4]:1")]
    public void Monitors_are_read_with_their_ports(string written, string addresses) =>
        Assert.Equal(addresses, CephPool.Parse(Config("monitors", written), null).Addresses);

    [Theory]
    [InlineData("monitors", "--conf=/etc/passwd")]
    [InlineData("monitors", "mon1;mon2")]
    [InlineData("monitors", "mon1 --keyring=/etc/ceph/x")]
    [InlineData("monitors", "mon1:0")]
    [InlineData("monitors", "mon1:65536")]
    [InlineData("monitors", "mon1:99999")]
    [InlineData("monitors", "mon1,,mon2")]
    [InlineData("monitors", "mon1/x")]
    [InlineData("pool", "-x")]
    [InlineData("pool", "vms/other")]
    [InlineData("pool", "vms@snap")]
    [InlineData("pool", "vms:conf=/etc/passwd")]
    [InlineData("pool", "vms\n")]
    [InlineData("user", "--id")]
    [InlineData("user", "a b")]
    [InlineData("key", "no key")]
    public async Task What_a_program_could_take_for_something_else_is_refused(string key, string value)
    {
        var said = await FailsAsync(1, () => Task.FromResult(CephPool.Parse(Config(key, value), null)));
        Assert.DoesNotContain(Key, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mon1:/vms", true)]
    [InlineData("mon1:/", true)]
    [InlineData("mon1:/vm", false)]
    [InlineData("mon2:/vms", false)]
    [InlineData("/srv", false)]
    public async Task A_pool_lies_where_the_administrator_of_the_host_lets_storage_lie(string root, bool mayLie)
    {
        var roots = new HostRoots([], [root], "/var/lib/redoubt");
        if (mayLie)
            Assert.Equal("vms", CephPool.Parse(Config("pool", "vms"), roots).Name);
        else
            await FailsAsync(1, () => Task.FromResult(CephPool.Parse(Config("pool", "vms"), roots)));
        var isServer = root.StartsWith("mon1:", StringComparison.Ordinal);
        if (!isServer)
            await FailsAsync(1, () => Task.FromResult(CephPool.Parse(Config("pool", ""), roots, mayLackPool: true)));
    }

    [Fact]
    public void Only_names_of_the_form_are_those_of_an_SR()
    {
        var name = new RbdName { IsForTests = true, Sr = NewSr(), Vdi = NewVdi(), IsMetadata = true }.Making();
        Assert.True($"{name}".Length <= 95);
        Assert.True(RbdName.TryParse($"{name}", out var read));
        Assert.Equal(name, read);
        string[] others =
        [
            $"{name}x", $"x{name}", $"{name}\n", $"{name}".ToUpperInvariant(), "redoubt.", $"redoubt.{Guid.Empty:N}",
            $"redoubt.{new string('-', 36)}",
            $"redoubt.{name.Sr}.m", $"redoubt.{name.Sr}.{name.Vdi}.m.m", $"redoubt.{name.Sr}.{name.Vdi}/x",
        ];
        Assert.All(others, other => Assert.False(RbdName.TryParse(other, out _), other));
    }
}
