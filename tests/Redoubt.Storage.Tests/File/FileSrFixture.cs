using Redoubt.Storage.FileDriver;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.FileDriver;

/// <summary>A location with one SR.</summary>
public abstract class FileSrFixture : IAsyncLifetime
{
    protected TempDirectory Temp { get; } = new();

    protected FileSrDriver Driver { get; }

    protected SrUuid SrId { get; } = NewSr();

    protected string Location { get; }

    protected string SrPath => Path.Combine(Location, SrId.ToString());

    protected IReadOnlyDictionary<string, string> Config => new Dictionary<string, string> { ["location"] = Location };

    protected FileSrFixture()
    {
        Driver = new FileSrDriver(Sample.Images, Temp.In("scratch"));
        Location = Temp.NewDirectory("location");
    }

    public async ValueTask InitializeAsync() => await Driver.CreateAsync(SrId, Config, Token);

    public ValueTask DisposeAsync()
    {
        Temp.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected Task<ISr> AttachAsync(SrAccess access = SrAccess.ReadWrite) => Driver.AttachAsync(SrId, Config, access, Token);

    protected string PathOf(VdiUuid vdi, DiskFormat format = DiskFormat.Qcow2)
        => Path.Combine(SrPath, $"{vdi}.{(format == DiskFormat.Raw ? "raw" : "qcow2")}");
}
