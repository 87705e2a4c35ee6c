using Redoubt.Storage.FileDriver;

namespace Redoubt.Storage.Tests.FileDriver;

public sealed class FolderSrDriverConformance : SrDriverConformance
{
    private readonly TempDirectory _temp = new();
    private readonly FolderSrDriver _driver;

    public FolderSrDriverConformance() => _driver = new FolderSrDriver(new FileSrDriver(Sample.Images, _temp.In("scratch")));

    protected override ISrDriver Driver => _driver;

    protected override bool HoldsSeveral => false;

    protected override IReadOnlyDictionary<string, string> Config(int number = 0)
        => new Dictionary<string, string> { ["location"] = _temp.NewDirectory($"location-{number}") };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _temp.Dispose();
    }
}
