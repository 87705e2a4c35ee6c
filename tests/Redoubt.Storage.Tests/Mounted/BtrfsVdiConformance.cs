using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

public sealed class BtrfsVdiConformance : VdiConformance
{
    private LocalSrSite _site = null!;

    protected override ISrDriver Driver => _site.Driver;

    public override async ValueTask InitializeAsync()
    {
        _site = await LocalSrSite.OpenAsync(FileSystemKind.Btrfs);
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config() => _site.Config();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _site.DisposeAsync();
    }
}
