using Redoubt.Console.Inspect;
using Redoubt.Inspection;

namespace Redoubt.Console.Tests;

public sealed class ContentRowsTests
{
    private static readonly PoolContent Content = new()
    {
        Pool = new("pool", "paris", null),
        Hosts = [new("host-1", "north", "192.0.2.1", "XenServer 8")],
        Appliances = [new("app", "shop", []), new("empty", "nothing in it", [])],
        Vms = [Vm("vm-1", "web", "app", 2), Vm("vm-2", "db", "app", 1), Vm("vm-3", "lost", "no such vApp", 0), Vm("vm-1", "twin", null, 0)],
        Srs = [new("sr-1", "", "nfs", true, 1, true, [new(null, true, new Dictionary<string, string> { ["server"] = "filer" })])],
        Networks = [new("net-1", "front", "br0", 1)],
        Templates = 3,
    };

    [Fact]
    public void VMs_stand_in_their_order_and_none_is_left_out_whatever_vApp_it_names() =>
        Assert.Equal(
            "shop|-db|-web|nothing in it|VMs in no vApp|-lost|-twin|Storage|-(no name)|Networks|-front|Hosts|-north|and 3 templates",
            Lines(new HashSet<string>(), ""));

    [Fact]
    public void What_is_toggled_closes_or_opens() =>
        Assert.Equal(
            "shop|nothing in it|VMs in no vApp|-lost|-twin|Storage|-(no name)|--a host that is "
                + "gone|Networks|-front|Hosts|-north|and 3 templates",
            Lines(new HashSet<string> { "app:0", "srs:0" }, ""));

    [Theory]
    [InlineData("WEB", "shop|-web")]
    [InlineData("vm-1", "shop|-web|VMs in no vApp|-twin")]
    [InlineData("shop", "shop|-db|-web")]
    [InlineData("nor", "Hosts|-north")]
    [InlineData("nobody", "")]
    public void Searching_shows_what_matches_and_where_it_is(string wanted, string expected) =>
        Assert.Equal(expected, Lines(new HashSet<string>(), wanted));

    [Fact]
    public void No_two_lines_have_one_key()
    {
        var rows = ContentRows.Of(Content, new HashSet<string>(), "");
        Assert.Equal(rows.Count, rows.DistinctBy(r => r.Key).Count());
    }

    private static string Lines(IReadOnlySet<string> toggled, string wanted) =>
        string.Join('|', ContentRows.Of(Content, toggled, wanted).Select(r => new string('-', r.Level) + r.Name));

    private static VmSummary Vm(string uuid, string name, string? app, long order) => new()
    {
        Uuid = uuid,
        NameLabel = name,
        Kind = "vm",
        PowerState = "Halted",
        Vcpus = 1,
        MemoryBytes = 1 << 30,
        Version = 0,
        ApplianceUuid = app,
        Order = order,
        StartDelaySeconds = 0,
        ShutdownDelaySeconds = 0,
        HaRestartPriority = "",
        Disks = [],
        Interfaces = [],
        Snapshots = [],
    };
}
