using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public abstract class LocalSrDriverConformance : SrDriverConformance
{
    private readonly FileSystemKind _kind;
    private LocalSrSite _site = null!;

    private protected LocalSrDriverConformance(FileSystemKind kind) => _kind = kind;

    protected override ISrDriver Driver => _site.Driver;

    protected override ISrDriver CloneDriver => _site.Files;

    protected override int FailureWithoutConfig => 90;

    public override async ValueTask InitializeAsync()
    {
        _site = await LocalSrSite.OpenAsync(_kind);
        await _site.AddDiskAsync();
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config(int number = 0) => _site.Config(number);

    // Clones are directories of files, elsewhere.
    protected override IReadOnlyDictionary<string, string> CloneConfig(int number = 1) => new Dictionary<string, string>
    {
        ["location"] = number == 0 ? _site.MountPoint : _site.NewDirectory("clones"),
    };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _site.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
