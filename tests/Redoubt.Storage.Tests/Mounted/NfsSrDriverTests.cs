using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Mounted;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class NfsSrDriverTests : IDisposable
{
    private readonly TempDirectory _temp = new();

    private NfsSrDriver Driver => new(
        new FileSrDriver(Sample.Images, _temp.In("scratch")), new HostMounts(
            _temp.In("mounts"), TimeProvider.System), null, TimeProvider.System);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void What_is_mounted_is_what_the_device_config_says()
    {
        var plain = NfsSrDriver.Parse(Config("nas.example", "/vol/vms"), null);
        Assert.Equal(("nas.example:/vol/vms", "nfs"), (plain.Source, plain.Type));
        Assert.Equal("hard,retry=0,acdirmin=0,acdirmax=0,ro", plain.LookingOptions);
        var more = NfsSrDriver.Parse(
            Config("fd00::1", "/vol", ("nfsversion", "4.1"), ("options", "soft,timeo=50,proto=tcp6,sec=krb5i")), null);
        Assert.Equal("[fd00::1]:/vol", more.Source);
        Assert.Equal("hard,retry=0,acdirmin=0,acdirmax=0,vers=4.1,soft,timeo=50,proto=tcp6,sec=krb5i,rw,noatime", more.WorkingOptions);
        Assert.NotEqual(plain.Key, more.Key);
        Assert.Equal(plain.Key, NfsSrDriver.Parse(Config("nas.example", "/vol/vms"), null).Key);
    }

    [Theory]
    [InlineData("-o", "/a", null, null, 1)]
    [InlineData("a b", "/a", null, null, 1)]
    [InlineData("a,b", "/a", null, null, 1)]
    [InlineData("a/b", "/a", null, null, 1)]
    [InlineData("server\n", "/a", null, null, 1)]
    [InlineData("server", "a", null, null, 102)]
    [InlineData("server", "/a/../b", null, null, 102)]
    [InlineData("server", "/a\nb", null, null, 102)]
    [InlineData("server", "/a", "5", null, 72)]
    [InlineData("server", "/a", "4,exec", null, 72)]
    [InlineData("server", "/a", null, "suid", 1)]
    [InlineData("server", "/a", null, "rw", 1)]
    [InlineData("server", "/a", null, "timeo=1,dev", 1)]
    [InlineData("server", "/a", null, "context=\"a,exec\"", 1)]
    [InlineData("server", "/a", null, "timeo=1 -o exec", 1)]
    [InlineData("server", "/a", null, "x-mount.mkdir", 1)]
    [InlineData("server", "/a", null, "timeo=1,", 1)]
    public void What_reaches_further_than_the_server_is_refused(string server, string path, string? version, string? options, int number)
    {
        var config = Config(server, path);
        if (version is not null)
            config["nfsversion"] = version;
        if (options is not null)
            config["options"] = options;
        var failure = Assert.Throws<XenApi.XenApiException>(() => NfsSrDriver.Parse(config, null));
        Assert.Equal($"SR_BACKEND_FAILURE_{number}", failure.Code);
    }

    [Fact]
    public void A_share_lies_where_the_administrator_of_the_host_allows()
    {
        var roots = new HostRoots([], ["nas:/vol", "/srv/storage"], "/var/lib/own");
        Assert.Equal("nas:/vol/a", NfsSrDriver.Parse(Config("nas", "/vol/a"), roots).Source);
        Assert.Throws<XenApi.XenApiException>(() => NfsSrDriver.Parse(Config("nas", "/volume"), roots));
        Assert.Throws<XenApi.XenApiException>(() => NfsSrDriver.Parse(Config("other", "/vol/a"), roots));
        Assert.NotNull(roots.FindLocationProblem("/mnt/a", isAdministrator: true));
        Assert.Throws<XenApi.XenApiException>(
            () => NfsSrDriver.Parse(Config("nas", "/vol"), new HostRoots([], ["/srv/storage"], "/var/lib/own")));
    }

    [Fact]
    public void The_exports_of_a_server_are_listed_as_XenServer_lists_them()
    {
        var xml = System.Xml.Linq.XElement.Parse(
            NfsSrDriver.Exports("nas", "/vol/vms   10.0.0.0/24,10.1.0.1\n/with blank (everyone)\nno path\n"));
        Assert.Equal(["/vol/vms", "/with blank"], xml.Elements("Export").Select(e => (string?)e.Element("Path")));
        Assert.Equal(["10.0.0.0/24,10.1.0.1", "(everyone)"], xml.Elements("Export").Select(e => (string?)e.Element("Accesslist")));
        Assert.All(xml.Elements("Export"), e => Assert.Equal("nas", (string?)e.Element("Target")));
    }

    [Fact]
    public async Task Missing_device_config_is_named_key_by_key()
    {
        Assert.Contains(
            "server", await FailsAsync(100, () => Driver.ProbeAsync(new Dictionary<string, string>(), Token)), StringComparison.Ordinal);
        var server = new Dictionary<string, string> { ["server"] = "nas.example" };
        Assert.Contains("serverpath", await FailsAsync(101, () => Driver.CreateAsync(NewSr(), server, Token)), StringComparison.Ordinal);
        Assert.Contains("serverpath", await FailsAsync(
            101, () => Driver.AttachAsync(NewSr(), server, SrAccess.ReadOnly, Token)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_and_nothing_stays_behind()
    {
        // Port 1 of this machine: nobody listens there, so the answer is at once.
        var config = Config("127.0.0.1", "/vol", ("options", "port=1,proto=tcp"), ("nfsversion", "4.1"));
        Assert.Contains("127.0.0.1:/vol", await FailsAsync(
            73, () => Driver.AttachAsync(NewSr(), config, SrAccess.ReadWrite, Token)), StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Config(string server, string path, params (string Key, string Value)[] more) =>
        new([new("server", server), new("serverpath", path), .. more.Select(m => new KeyValuePair<string, string>(m.Key, m.Value))]);
}
