using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

/// <summary>
/// On a server that <see cref="LabGuestTests"/> runs, in the guest that it boots: few machines that build this have a kernel that mounts
/// NFS.
/// </summary>
[Trait("Needs", "lab")]
public sealed class NfsSrDriverConformance : SrDriverConformance
{
    /// <summary>The variable that says where the server is: <c>address:port</c>.</summary>
    public const string ServerVariable = "REDOUBT_TEST_NFS";

    /// <summary>What it exports, mounted.</summary>
    public const string Share = "/vms";

    private readonly TempDirectory _temp = new();
    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly NfsSrDriver _driver;

    public NfsSrDriverConformance() =>
        _driver = new(Files, new HostMounts(_temp.In("mounts"), TimeProvider.System), null, TimeProvider.System);

    protected override ISrDriver Driver => _driver;

    protected override ISrDriver CloneDriver => Files;

    protected override int FailureWithoutConfig => 100;

    private FileSrDriver Files => new(Sample.Images, _temp.In("scratch"));

    public override async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 }, $"{nameof(LabGuestTests)} runs this in a guest.");
        Directory.CreateDirectory($"{Share}/{_id}-0");
        Directory.CreateDirectory($"{Share}/{_id}-1");
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config(int number = 0)
    {
        var server = Environment.GetEnvironmentVariable(ServerVariable)!.Split(':');
        return new Dictionary<string, string>
        {
            ["server"] = server[0],
            ["serverpath"] = $"{Share}/{_id}-{number}",
            ["nfsversion"] = "4.1",
            ["options"] = $"port={server[1]},proto=tcp",
        };
    }

    protected override IReadOnlyDictionary<string, string> CloneConfig(int number = 1) => new Dictionary<string, string>
    {
        ["location"] = number == 0
            ? Directory.GetDirectories(_temp.In("mounts")).Single(
                d => MountTable.Find(d)?.Source.EndsWith($"{_id}-0", StringComparison.Ordinal) == true)
            : _temp.NewDirectory("clones"),
    };

    public override async ValueTask DisposeAsync()
    {
        if (Sr is not null)
            await base.DisposeAsync();
        _temp.Dispose();
        GC.SuppressFinalize(this);
    }
}
