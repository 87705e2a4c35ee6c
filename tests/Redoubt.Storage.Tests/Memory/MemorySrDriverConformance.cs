using Redoubt.Storage.MemoryDriver;

namespace Redoubt.Storage.Tests.MemoryDriver;

public sealed class MemorySrDriverConformance : SrDriverConformance
{
    private readonly TempDirectory _temp = new();
    private readonly MemorySrDriver _driver;

    public MemorySrDriverConformance() => _driver = new MemorySrDriver(Sample.Images, _temp.In("scratch"));

    protected override ISrDriver Driver => _driver;

    protected override IReadOnlyDictionary<string, string> Config(int number = 0)
        => new Dictionary<string, string> { ["location"] = $"location-{number}" };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _temp.Dispose();
    }
}
