using Redoubt.Storage.LvmDriver;

namespace Redoubt.Storage.Tests.Lvm;

[Collection(LvmCollection.Name)]
[Trait("Needs", "lab")]
public sealed class LvmVdiConformance : VdiConformance
{
    private readonly TempDirectory _temp = new();
    private readonly LvmSrDriver _driver;

    public LvmVdiConformance() => _driver = new(Sample.Images, _temp.In("scratch"), null, TimeProvider.System);

    protected override ISrDriver Driver => _driver;

    // A volume has all its space from the beginning.
    protected override long NewVolumeTakesBytesMax => long.MaxValue;

    protected override bool TellsThatNothingChanged => false;

    public override async ValueTask InitializeAsync()
    {
        LvmGuest.Require();
        await LvmGuest.ClearAsync();
        await base.InitializeAsync();
    }

    protected override IReadOnlyDictionary<string, string> Config() => LvmGuest.Config(0);

    protected override bool Keeps(DiskFormat format) => format == DiskFormat.Raw;

    public override async ValueTask DisposeAsync()
    {
        if (Sr is not null)
            await base.DisposeAsync();
        _temp.Dispose();
    }
}
