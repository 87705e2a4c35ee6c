using Redoubt.Storage.MemoryDriver;

namespace Redoubt.Storage.Tests.MemoryDriver;

public sealed class MemoryVdiConformance : VdiConformance
{
    private readonly TempDirectory _temp = new();
    private readonly MemorySrDriver _driver;

    public MemoryVdiConformance() => _driver = new MemorySrDriver(Sample.Images, _temp.In("scratch"));

    protected override ISrDriver Driver => _driver;

    protected override IReadOnlyDictionary<string, string> Config()
        => new Dictionary<string, string> { ["location"] = "location" };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();

        // Whatever a test did, nothing half done may be left.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp.FullPath, ".redoubt-*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp.FullPath, "redoubt-scratch-*", SearchOption.AllDirectories));
        _temp.Dispose();
    }
}
