using Redoubt.Storage.FileDriver;

namespace Redoubt.Storage.Tests.FileDriver;

public sealed class FileVdiConformance : VdiConformance
{
    private readonly TempDirectory _temp = new();
    private readonly FileSrDriver _driver;

    public FileVdiConformance() => _driver = new FileSrDriver(Sample.Images, _temp.In("scratch"));

    protected override ISrDriver Driver => _driver;

    protected override IReadOnlyDictionary<string, string> Config()
        => new Dictionary<string, string> { ["location"] = _temp.NewDirectory("location") };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();

        // Whatever a test did, nothing half done may be left.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp.FullPath, ".redoubt-*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp.FullPath, "redoubt-scratch-*", SearchOption.AllDirectories));
        _temp.Dispose();
    }
}
