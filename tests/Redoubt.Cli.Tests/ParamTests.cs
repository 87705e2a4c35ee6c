using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

public sealed class ParamTests
{
    private const string Web = $"uuid={Scene.WebUuid}";

    [Theory]
    [InlineData("vm-param-get " + Web + " param-name=name-label", "web")]
    [InlineData("vm-param-get " + Web + " param-name=other-config param-key=owner", "ann")]
    [InlineData("vm-param-get " + Web + " param-name=appliance", Scene.AppUuid)]
    [InlineData("vm-param-get " + Web + " param-name=affinity", "<not in database>")]
    public async Task Get_shows_one_value(string line, string expected)
    {
        await using var pool = await Scene.StartAsync();
        Assert.Equal(expected + "\n", (await CliRun.AgainstAsync(pool, line)).Output);
    }

    [Theory]
    [InlineData(
        "vm-param-set " + Web + " order=3 memory-static-max=2GiB", "VM.set_order OpaqueRef:" + Scene.WebUuid + " 3",
        "VM.set_memory_static_max OpaqueRef:" + Scene.WebUuid + " 2147483648")]
    [InlineData("vm-param-set " + Web + " appliance=", "VM.set_appliance OpaqueRef:" + Scene.WebUuid + " OpaqueRef:NULL")]
    [InlineData(
        "vm-param-set " + Web + " actions-after-reboot=Destroy", "VM.set_actions_after_reboot OpaqueRef:" + Scene.WebUuid + " destroy")]
    [InlineData(
        "vm-param-set " + Web + " other-config:owner=bob", "VM.remove_from_other_config OpaqueRef:" + Scene.WebUuid + " owner",
        "VM.add_to_other_config OpaqueRef:" + Scene.WebUuid + " owner bob")]
    [InlineData("vm-param-add " + Web + " param-name=other-config a=b", "VM.add_to_other_config OpaqueRef:" + Scene.WebUuid + " a b")]
    [InlineData(
        "vm-param-remove " + Web + " param-name=other-config param-key=owner",
        "VM.remove_from_other_config OpaqueRef:" + Scene.WebUuid + " owner")]
    [InlineData("vm-param-clear " + Web + " param-name=tags", "VM.set_tags OpaqueRef:" + Scene.WebUuid + " []")]
    public async Task Writing_sends_the_setters(string line, params string[] expected)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal((0, "", ""), (run.ExitCode, run.Output, run.Error));
        Assert.Equal(expected, pool.Trace);
    }

    /// <summary>A refusal of the new value must not cost the old one, which a removal before it would.</summary>
    [Fact]
    public async Task A_key_that_is_there_is_changed_in_one_step()
    {
        await using var pool = await Scene.StartAsync();
        const string uuid = "00000000-0000-4000-8000-0000000000ab";
        var vm = new VmRecord { Uuid = uuid, NameLabel = "keyed" };
        pool.Database.Add(vm with { Platform = vm.Platform.Add("nx", "true").Add("viridian", "true") });
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"vm-param-set uuid={uuid} platform:nx=true")).ExitCode);
        Assert.Empty(pool.Trace);
        Assert.Equal(0, (await CliRun.AgainstAsync(pool, $"vm-param-set uuid={uuid} platform:nx=false")).ExitCode);
        var sent = Assert.Single(pool.Trace);
        Assert.StartsWith("VM.set_platform ", sent, StringComparison.Ordinal);
        Assert.Contains("viridian", sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm-param-set " + Web + " order=3 start-delay=soon", "start-delay= must be a whole number, not 'soon'.")]
    [InlineData("vm-param-set " + Web + " uuid2=3", "takes no parameter 'uuid2'")]
    [InlineData("vm-param-set " + Web + " version=3", "takes no parameter 'version'")]
    [InlineData("vm-param-set " + Web, "nothing to set")]
    [InlineData("vm-param-set " + Web + " actions-after-crash=explode", "must be one of")]
    [InlineData("vm-param-add " + Web + " param-name=tags a=b", "tags is a set")]
    [InlineData("vm-param-remove " + Web + " param-name=other-config param-key=colour", "'colour' is not in other-config.")]
    [InlineData("vm-param-clear " + Web + " param-name=uuid", "uuid can't be changed.")]
    public async Task A_wrong_write_changes_nothing(string line, string complaint)
    {
        await using var pool = await Scene.StartAsync();
        var run = await CliRun.AgainstAsync(pool, line);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(complaint, run.Error, StringComparison.Ordinal);
        Assert.Empty(pool.Trace);
    }
}
